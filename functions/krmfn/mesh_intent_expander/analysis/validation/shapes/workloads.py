"""ServiceEntry, WorkloadEntry, WorkloadGroup, Sidecar and ProxyConfig."""

MESSAGES = {
    "ServiceEntry": """
        hosts!:[str]+<=256 addresses:[str]<=256 ports:[ServicePort]<=256 location:Location
        resolution:Resolution endpoints:[WorkloadEntry]<=4096 workloadSelector:Labels
        exportTo:[str] subjectAltNames:[str]
    """,
    "ServicePort": "number!:uint32 protocol:str<=256 name!:str<=256 targetPort:uint32",
    "WorkloadEntry": """
        address:str<=256 ports:{uint32}<=128 labels:{str}<=256 network:str<=2048
        locality:str<=2048 weight:uint32 serviceAccount:str<=253
    """,
    "WorkloadGroup": "metadata:GroupMetadata template!:WorkloadEntry probe:Probe",
    "GroupMetadata": "labels:{str}<=256 annotations:{str}<=256",
    "Probe": """
        initialDelaySeconds:int32 timeoutSeconds:int32 periodSeconds:int32 successThreshold:int32
        failureThreshold:int32
        httpGet:HTTPProbe|tcpSocket:TCPProbe|exec:ExecProbe|grpc:GRPCProbe
    """,
    "HTTPProbe": "path:str port!:uint32 host:str scheme:str httpHeaders:[HTTPHeader]",
    "HTTPHeader": "name:str value:str",
    "TCPProbe": "host:str port!:uint32",
    "ExecProbe": "command!:[text]",
    "GRPCProbe": "port:uint32 service:str",
    "Sidecar": """
        workloadSelector:Labels ingress:[IngressListener] egress:[EgressListener]
        inboundConnectionPool:ConnectionPool outboundTrafficPolicy:OutboundTrafficPolicy
    """,
    "IngressListener": """
        port!:SidecarPort bind:str captureMode:CaptureMode defaultEndpoint:str tls:ServerTLS
        connectionPool:ConnectionPool
    """,
    "EgressListener": "port:SidecarPort bind:str captureMode:CaptureMode hosts!:[str]",
    "SidecarPort": "number:uint32 protocol:str name:str targetPort:uint32",
    "OutboundTrafficPolicy": "mode:OutboundMode egressProxy:Destination",
    "Labels": "labels:{str}<=256",
    "MatchLabels": "matchLabels:{str}<=4096",
    "ProxyConfig": """
        selector:MatchLabels concurrency:int32 environmentVariables:{str} image:ProxyImage
    """,
    "ProxyImage": "imageType:str",
}

ENUMS = {
    "Location": "MESH_EXTERNAL MESH_INTERNAL",
    "Resolution": "NONE STATIC DNS DNS_ROUND_ROBIN DYNAMIC_DNS",
    "CaptureMode": "DEFAULT IPTABLES NONE",
    "OutboundMode": "REGISTRY_ONLY ALLOW_ANY",
}
