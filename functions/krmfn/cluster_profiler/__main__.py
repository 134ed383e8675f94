"""The entry point of the container."""

from krmfn.cluster_profiler import cluster_profiler
from krmfn.sdk import main

main(cluster_profiler)
