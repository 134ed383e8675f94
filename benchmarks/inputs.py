"""Inputs of the benchmarks, made the same every time."""

HEAD = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n"
EMPTY = f"{HEAD}items: []\n"

_DEPLOYMENT = """\
- apiVersion: apps/v1
  kind: Deployment
  metadata:
    name: app-{n} # the name
    namespace: ns-{m}
    labels:
      app.kubernetes.io/name: app-{n}
      tier: "web"
    annotations:
      config.kubernetes.io/index: '0'
      config.kubernetes.io/path: 'app-{n}.yaml'
      internal.config.kubernetes.io/index: '0'
      internal.config.kubernetes.io/package-path: '/packages/edge'
      internal.config.kubernetes.io/path: 'app-{n}.yaml'
      internal.config.kubernetes.io/id: '{n}'
      config.k8s.io/id: '{n}'
  spec:
    replicas: {m} # how many
    selector:
      matchLabels:
        app.kubernetes.io/name: app-{n}
    template:
      metadata:
        labels:
          app.kubernetes.io/name: app-{n}
      spec:
        containers:
        # the main container
        - name: main
          image: "registry.example.com/apps/app:{n}"
          ports:
          - containerPort: 8080
            name: http
          env:
          - name: LOG_LEVEL
            value: info
          - name: PORT
            value: "8080"
          resources:
            requests:
              cpu: 100m
              memory: 128Mi
            limits:
              cpu: 200m
              memory: 256Mi
"""


def deployments(count: int) -> str:
    """Give a ResourceList of that many Deployments as kpt writes it; 1.14 kB each."""
    return f"{HEAD}items:\n" + "".join(_DEPLOYMENT.format(n=n, m=n % 7) for n in range(count))


def as_package(count: int) -> str:
    """Give the same Deployments as one file of a package."""
    items = deployments(count).partition("items:\n")[2].split("\n- ")
    documents = ("\n".join(line[2:] for line in f"  {item.removeprefix('- ')}".split("\n"))
                 for item in items)  # fmt: skip
    return "---\n".join(
        "\n".join(line for line in text.split("\n") if "config.k" not in line) + "\n"
        for text in documents
    )
