"""The rule language of Node Feature Discovery (NFD v0.19), evaluated without a cluster.

Read features with `features_of` (NodeFeature objects) or `features_of_labels` (a node's labels),
then ask `match_features` and `match_any` for a three-valued verdict with its evidence, or
`run_rules` for what NFD itself would publish.
"""

from krmfn.cluster_profiler.nfd.expressions import (
    FLAG,
    MISSING,
    Expression,
    FeatureValueError,
    RuleError,
    check_expression,
    match_expression,
)
from krmfn.cluster_profiler.nfd.features import Features, Inferred, features_of, short_flags
from krmfn.cluster_profiler.nfd.labels import features_of_labels
from krmfn.cluster_profiler.nfd.matching import Match, Term, match_any, match_features
from krmfn.cluster_profiler.nfd.publishing import Outcome, Taint
from krmfn.cluster_profiler.nfd.rules import Rule, alternatives_of, rules_of, run_rules, terms_of

__all__ = [
    "FLAG",
    "MISSING",
    "Expression",
    "FeatureValueError",
    "Features",
    "Inferred",
    "Match",
    "Outcome",
    "Rule",
    "RuleError",
    "Taint",
    "Term",
    "alternatives_of",
    "check_expression",
    "features_of",
    "features_of_labels",
    "match_any",
    "match_expression",
    "match_features",
    "rules_of",
    "run_rules",
    "short_flags",
    "terms_of",
]
