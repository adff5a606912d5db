"""What the doctor found: a line for each thing looked at, as text or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    part: str
    state: Literal["ok", "warning", "problem"]
    found: str
    do: str = ""


def is_well(findings: Iterable[Finding]) -> bool:
    """Warnings are no obstacle."""
    return all(finding.state != "problem" for finding in findings)


def as_text(findings: Sequence[Finding]) -> str:
    """A line each; what to do stands below it."""
    lines = []
    for finding in findings:
        lines.append(f"{finding.state:<8} {finding.part:<15} {finding.found}")
        if finding.do:
            lines.append(f"{'':<8} {'':<15} -> {finding.do}")
    counted = {state: sum(finding.state == state for finding in findings) for state in ("problem", "warning")}
    verdict = (
        "all is well"
        if not any(counted.values())
        else f"problems: {counted['problem']}, warnings: {counted['warning']}"
    )
    return "\n".join([*lines, verdict])


def as_json(findings: Sequence[Finding]) -> str:
    return json.dumps(
        {"well": is_well(findings), "findings": [asdict(finding) for finding in findings]}, ensure_ascii=False, indent=1
    )
