# Whether jobs that run networks ask for a GPU: by an estimate (scripts/morphoflow/plan/gpus.py), unless
# the table of runs, the configuration or the model's card chooses.


def training_gpus(wildcards, input):
    """How many GPUs a training asks for; none before its samples are there."""
    model = MODELS[wildcards.model]
    folder = f"{wildcards.dataset}/{wildcards.model}/{wildcards.variant}/seed{wildcards.seed}"
    choice = chosen(DEVICES.get(folder), config["devices"]["training"], model["device"])
    return gpus_for_training(
        costs_of(model["costs"], wildcards.variant),
        settings(wildcards.model, wildcards.variant),
        shape_of(Path(input.samples)),
        choice,
    )


def inference_gpus(wildcards, input):
    """How many GPUs a job asks for that runs a trained network."""
    return CHOICES[config["devices"]["inference"]]


def model_of_gpu(gpus):
    """Resource function: the model of GPU, beside a request for GPUs, that a site names.

    Without a request there is none, since SLURM's executor would take it for one.
    """

    def named(wildcards, input):
        return (config["gpu_model"] or None) if gpus(wildcards, input) else None

    return named
