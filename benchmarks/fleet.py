"""Packages with a fleet and its workloads, made the same every time."""

import random

from inputs import HEAD

AREAS = 8
_PROFILE = """\
- apiVersion: multicluster.x-k8s.io/v1alpha1
  kind: ClusterProfile
  metadata:
    name: edge-{n:05}
    namespace: fleet
    labels:
      topology.kubernetes.io/region: region-{region}
      topology.kubernetes.io/zone: zone-{zone}
    annotations:
      config.kubernetes.io/index: '0'
      config.kubernetes.io/path: 'clusters/edge-{n:05}/cluster-profile.yaml'
  spec:
    clusterManager:
      name: krm-fn
  status:
    properties:
    - name: allocatable.krmfn.dev/cpu
      value: "{cpu}"
    - name: available.krmfn.dev/cpu
      value: "{free}"
    - name: available.krmfn.dev/memory
      value: {memory}Gi
    - name: capability.krmfn.dev/dpdk
      value: "{dpdk}"
    - name: capability.krmfn.dev/gpu
      value: "{gpu}"
    - name: cost.krmfn.dev/cpu-hour
      value: "0.0{cost}"
    - name: energy.krmfn.dev/carbon-gco2-per-kwh
      value: "{carbon}"
    - name: latency.krmfn.dev/area-{region}
      value: "{near}"
    - name: latency.krmfn.dev/area-{next}
      value: "{far}"
"""
_WORKLOAD = """\
- apiVersion: apps/v1
  kind: Deployment
  metadata:
    name: app-{n:04}
    namespace: apps
    annotations:
      config.kubernetes.io/index: '0'
      config.kubernetes.io/path: 'app-{n:04}.yaml'
  spec:
    replicas: {replicas}
    template:
      spec:
        containers:
        - name: main
          image: registry.example.com/app:1
          resources:
            requests:
              cpu: "{cpu}"
              memory: {memory}Gi
- apiVersion: intent.krmfn.dev/v1alpha1
  kind: PlacementIntent
  metadata:
    name: app-{n:04}
    annotations:
      config.kubernetes.io/local-config: "true"
      config.kubernetes.io/index: '1'
      config.kubernetes.io/path: 'app-{n:04}.yaml'
  spec:
    resourceSelectors:
    - kind: Deployment
      name: app-{n:04}
    placementType: PickN
    numberOfClusters: {clusters}
    requirements:
      capabilities:
      - name: {capability}
      latency:
        maxMilliseconds: {limit}
        from:
        - area: area-{area}
          users: 10
"""


def fleet_package(workloads: int, clusters: int) -> str:
    """Give a ResourceList with so many ClusterProfiles, and so many Deployments to place."""
    draw = random.Random(1)
    profiles = "".join(_profile(n, draw) for n in range(clusters))
    return f"{HEAD}items:\n{profiles}" + "".join(_workload(n, draw) for n in range(workloads))


def _profile(n: int, draw: random.Random) -> str:
    cpu = draw.choice((64, 128, 256))
    return _PROFILE.format(
        n=n,
        region=n % AREAS,
        next=(n + 1) % AREAS,
        zone=n % 40,
        cpu=cpu,
        free=cpu - draw.randint(0, cpu // 2),
        memory=draw.choice((128, 256, 512)),
        dpdk=draw.choice(("true", "false", "unknown")),
        gpu=draw.choice(("true", "false")),
        cost=draw.randint(10, 90),
        carbon=draw.randint(10, 900),
        near=draw.randint(1, 30),
        far=draw.randint(1, 30),
    )


def _workload(n: int, draw: random.Random) -> str:
    return _WORKLOAD.format(
        n=n,
        replicas=draw.randint(1, 4),
        cpu=draw.randint(1, 8),
        memory=draw.randint(1, 16),
        clusters=draw.randint(1, 3),
        capability=draw.choice(("dpdk", "gpu")),
        limit=draw.choice((10, 20, 30)),
        area=draw.randrange(AREAS),
    )


ONE_INTENT = f"""\
{HEAD}items:
- apiVersion: multicluster.x-k8s.io/v1alpha1
  kind: ClusterProfile
  metadata:
    name: edge
    namespace: fleet
  spec:
    clusterManager:
      name: krm-fn
  status:
    properties:
    - name: available.krmfn.dev/cpu
      value: "8"
- apiVersion: intent.krmfn.dev/v1alpha1
  kind: PlacementIntent
  metadata:
    name: web
  spec:
    requirements:
      resources:
      - requests:
          cpu: "2"
"""
ONE_NODE = f"""\
{HEAD}items:
- apiVersion: v1
  kind: Node
  metadata:
    name: worker
    annotations:
      krmfn.dev/cluster: edge
  status:
    allocatable:
      cpu: "8"
      memory: 16Gi
    conditions:
    - type: Ready
      status: "True"
"""
