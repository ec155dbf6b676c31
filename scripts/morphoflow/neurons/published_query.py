"""Neurons that NeuroMorpho.Org and the Allen Cell Types Database answer a query with."""

from collections.abc import Iterator
from urllib.parse import quote, urlencode

from morphoflow.downloads import download_bytes, download_json
from morphoflow.errors import InputError

PAGE = 500


def neuromorpho_neurons(facts: dict) -> tuple[dict[str, bytes], list[dict]]:
    """Standardised SWC files of NeuroMorpho.Org (Ascoli et al., J. Neurosci. 27:9247, 2007).

    ``facts["query"]`` has a value or a list of them for each field of the service, such as
    ``species``. The label is the value of the field ``label``, or of a list of values that at
    ``label_level`` (-1: the last, which is the most general); neurons share a group that share the
    values of the fields ``group``.
    """
    content: dict[str, bytes] = {}
    rows = []
    for record in _at_most(facts, _neuromorpho_records(facts)):
        name = record["neuron_name"]
        folder = quote(record["archive"].lower())
        address = f"{facts['address']}/dableFiles/{folder}/CNG%20version/{quote(name)}.CNG.swc"
        content[name] = download_bytes(address)
        group = "/".join(str(record.get(field)) for field in facts.get("group", []))
        rows.append({"id": name, "label": _label(record, facts), "group": group or None})
    return content, rows


def allen_neurons(facts: dict) -> tuple[dict[str, bytes], list[dict]]:
    """Reconstructions of the Allen Cell Types Database (Gouwens et al., Nat. Neurosci. 22, 2019).

    ``facts["query"]`` has a value for each column of its table of specimens; the label is the
    column ``label``. Neurons of one donor share a group.
    """
    content: dict[str, bytes] = {}
    rows = []
    for record in _at_most(facts, _allen_records(facts)):
        name = str(record["specimen__id"])
        address = f"{facts['address']}/well_known_file_download/{record['nrwkf__id']}"
        content[name] = download_bytes(address)
        rows.append({"id": name, "label": _label(record, facts), "group": record["donor__id"]})
    return content, rows


def _neuromorpho_records(facts: dict) -> Iterator[dict]:
    (first, value), *others = facts["query"].items()
    asked = [("q", _term(first, value)), *(("fq", _term(*other)) for other in others)]
    page, pages = 0, 1
    while page < pages:
        flags = urlencode([*asked, ("size", PAGE), ("page", page)], quote_via=quote)
        answer = download_json(f"{facts['address']}/api/neuron/select?{flags}")
        yield from answer.get("_embedded", {}).get("neuronResources", [])
        page, pages = page + 1, answer["page"]["totalPages"]


def _term(field: str, value: str | list) -> str:
    return f"{field}:{','.join(value) if isinstance(value, list) else value}"


def _allen_records(facts: dict) -> Iterator[dict]:
    wanted = "".join(f"[{column}$eq'{value}']" for column, value in facts["query"].items())
    start, total = 0, 1
    while start < total:
        criteria = (
            "model::ApiCellTypesSpecimenDetail,"
            f"rma::criteria,{wanted},"
            f"rma::options[num_rows$eq{PAGE}][start_row$eq{start}][order$eq'specimen__id']"
        )
        answer = download_json(
            f"{facts['address']}/data/query.json?criteria={quote(criteria, safe=':,[]$')}"
        )
        if not answer["msg"]:
            return
        yield from (record for record in answer["msg"] if record["nrwkf__id"])
        start, total = start + len(answer["msg"]), answer["total_rows"]


def _at_most(facts: dict, records: Iterator[dict]) -> list[dict]:
    """The records, at most as many as the card's ``most``; InputError if there is none."""
    found = [record for _, record in zip(range(facts["most"]), records, strict=False)]
    if not found:
        raise InputError(
            f"{facts['address']} has no neuron for {facts['query']}; correct the card."
        )
    return found


def _label(record: dict, facts: dict) -> str | None:
    value = record.get(facts["label"])
    if isinstance(value, list):
        value = value[facts.get("label_level", -1)] if value else None
    return None if value is None else str(value)
