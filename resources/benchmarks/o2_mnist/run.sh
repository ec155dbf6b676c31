#!/bin/sh
# Runs the benchmark on a computer without a GPU and writes o2_mnist.json; some 40 minutes on 2 cores.
set -eu
here=resources/benchmarks/o2_mnist
awk 'NR > 1 { run = "results/" $1 "/" $2 "/" $3 "/seed" $4
              print run "/embedding.h5ad"
              if ($2 == "o2vae" || $2 ~ /^(pixels|polar_fourier)$/) print run "/invariance_scores.parquet" }' \
    "$here/runs.tsv" |
    xargs snakemake --profile profiles/laptop --configfile "$here/config.yaml" --quiet rules --
python "$here/summarise.py"
