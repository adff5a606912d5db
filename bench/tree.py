"""How fast trees are loaded, checked, proved, tested and drawn: `python bench/tree.py [--json]`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from callrouter.tree.load import check_tree, load_tree
from callrouter.tree.proof.advice import advice
from callrouter.tree.proof.bound import prove
from callrouter.tree.proof.cases import read_cases, run_cases
from callrouter.tree.proof.coverage import coverage
from callrouter.tree.proof.links import links
from callrouter.tree.proof.svg import svg
from tests.tree.proof.every_node import TESTS, every_node

PAYMENTS = Path(__file__).resolve().parent.parent / "ivr_trees" / "payments.yaml"


def thousand() -> str:
    """1,000 nodes: 500 menus one after the other, a queue beside each, back and repeat keys everywhere."""
    lines = ["schema: 1", "languages: [en]", "start: n0", "nodes:"]
    for n in range(500):
        options = f"'1': n{n + 1}, '2': q{n}" if n < 499 else f"'2': q{n}"
        lines.append(
            f"  n{n}: {{type: menu, prompt: {{en: Question {n}}}, options: {{{options}}}, back_key: '*', "
            f"repeat_key: '0', invalid: {{prompt: {{en: Sorry}}, then: q{n}}}, no_input: {{then: q{n}}}}}"
        )
        lines.append(f"  q{n}: {{type: queue, queue: line{n % 10}, prompt: {{en: To line {n % 10}}}}}")
    return "\n".join(lines) + "\n"


def best_s(work: Callable[[], object], times: int = 5) -> float:
    """The best of several: what it costs when nothing disturbs."""
    found = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        found.append(time.perf_counter() - begin)
    return min(found)


def measured() -> dict[str, float]:
    text, big_text = PAYMENTS.read_bytes(), thousand()
    payments, big, shop = load_tree(text, "payments.yaml"), load_tree(big_text, "big.yaml"), every_node()
    cases, _ = read_cases(PAYMENTS.with_name("payments.test.yaml").read_bytes(), "payments.test.yaml")
    shop_cases, _ = read_cases(TESTS, "shop.test.yaml")
    crossings = [one for verdict in run_cases(payments, cases) for one in verdict.outcome.crossings]
    return {
        "payments: loads and checks a second": 1 / best_s(lambda: check_tree(text, "payments.yaml")),
        "payments: proofs and advice a second": 1 / best_s(lambda: (prove(payments), list(advice(payments)))),
        "payments: tests a second": len(cases) / best_s(lambda: run_cases(payments, cases)),
        "every kind of node: tests a second": len(shop_cases) / best_s(lambda: run_cases(shop, shop_cases)),
        "payments: coverages a second": 1 / best_s(lambda: coverage(payments, crossings)),
        "1,000 nodes: load and check, ms": 1000 * best_s(lambda: load_tree(big_text, "big.yaml"), 3),
        "1,000 nodes: proof and advice, ms": 1000 * best_s(lambda: (prove(big), list(advice(big))), 3),
        "1,000 nodes: draw as SVG, ms": 1000 * best_s(lambda: svg(big, links(big)), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    found = measured()
    if parser.parse_args().json:
        print(json.dumps(found))
        return
    for what, number in found.items():
        print(f"{what:40} {number:12,.1f}")


if __name__ == "__main__":
    main()
