"""What Prometheus would need of us: the families of a /metrics, and the names that an expression of PromQL asks for."""

import re

from support.processes import run

SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? \S+")
LABEL = re.compile(r'([a-zA-Z_]\w*)="(?:[^"\\]|\\.)*"')
NO_METRICS = {"and", "or", "unless", "bool", "offset", "inf", "nan"}


def promtool(*arguments, **options):
    """The exit code, and all that it said."""
    done = run("promtool", *arguments, **options)
    return done.returncode, done.stdout + done.stderr


def families(exposition):
    """Of text in Prometheus's format 0.0.4: the names of the labels by name of the metric. A histogram is one family,
    without `le`."""
    histograms = set(re.findall(r"^# TYPE (\S+) histogram$", exposition, re.MULTILINE))
    found = {}
    for line in exposition.splitlines():
        sample = SAMPLE.fullmatch(line)
        if not sample:
            continue
        name = sample[1]
        family = re.sub("_(bucket|sum|count)$", "", name)
        labels = frozenset(LABEL.findall(sample[2] or "")) - {"le"}
        found.setdefault(family if family in histograms else name, set()).add(labels)
    return found


def sample_names(exposition):
    """The names by which PromQL asks for them."""
    return {sample[1] for sample in map(SAMPLE.fullmatch, exposition.splitlines()) if sample}


def metric_names(expression):
    """The names of metrics in an expression: what is left when all else is taken out."""
    text = re.sub(r'"(?:[^"\\]|\\.)*"', " ", expression)
    text = re.sub(r"\{[^}]*\}", " ", text)
    text = re.sub(r"\[[^\]]*\]", " ", text)
    text = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", text)
    names = re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*(?!\w)(?!\s*\()", text)
    return {name for name in names if name.lower() not in NO_METRICS and not re.fullmatch(r"e\d*", name)}
