"""Contracts between the packages of scripts/, as import-linter holds those of assistant/."""

import itertools

import grimp
import pytest

PACKAGES = ("benches", "training", "hearing")


@pytest.fixture(scope="module")
def graph():
    return grimp.build_graph(*PACKAGES, "assistant")


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        *itertools.permutations(("benches", "training"), 2),
        ("hearing", "benches"),
        ("hearing", "training"),
        *(("assistant", each) for each in PACKAGES),
    ],
)
def test_packages_that_know_nothing_of_each_other(graph, importer, imported):
    chains = graph.find_shortest_chains(importer, imported, as_packages=True)
    assert not chains, "\n".join(" -> ".join(chain) for chain in chains)


def test_the_graph_sees_what_benches_and_training_share(graph):
    for importer in ("benches", "training"):
        assert graph.chain_exists(importer, "hearing", as_packages=True)
