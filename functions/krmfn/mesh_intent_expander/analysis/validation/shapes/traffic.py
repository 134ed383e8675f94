"""DestinationRule and its traffic policy."""

_COMMON_POLICY = """
    loadBalancer:LoadBalancer connectionPool:ConnectionPool outlierDetection:OutlierDetection
    tls:ClientTLS
"""

MESSAGES = {
    "DestinationRule": """
        host!:str trafficPolicy:TrafficPolicy subsets:[Subset] exportTo:[str]
        workloadSelector:MatchLabels
    """,
    "Subset": "name!:str labels:{str} trafficPolicy:TrafficPolicy",
    "TrafficPolicy": _COMMON_POLICY
    + """
        portLevelSettings:[PortTrafficPolicy]<=4096 tunnel:Tunnel proxyProtocol:ProxyProtocol
        retryBudget:RetryBudget
    """,
    "PortTrafficPolicy": _COMMON_POLICY + "port:PortSelector",
    "Tunnel": "protocol:str targetHost!:str targetPort!:uint32",
    "ProxyProtocol": "version:ProxyProtocolVersion",
    "RetryBudget": "percent:double minRetryConcurrency:uint32 budgetInterval:duration",
    "LoadBalancer": """
        simple:SimpleLB|consistentHash:ConsistentHash localityLbSetting:LocalityLb
        zoneAwareLbSetting:ZoneAwareLb warmupDurationSecs:duration warmup:Warmup
    """,
    "ConsistentHash": """
        httpHeaderName:str|httpCookie:HTTPCookie|useSourceIp:bool|httpQueryParameterName:str
        ringHash:RingHash|maglev:Maglev minimumRingSize:uint64
    """,
    "RingHash": "minimumRingSize:uint64",
    "Maglev": "tableSize:uint64",
    "HTTPCookie": "name!:str path:str ttl:duration attributes:[CookieAttribute]",
    "CookieAttribute": "name!:str value:str",
    "Warmup": "duration!:duration minimumPercent:double aggression:double",
    "LocalityLb": """
        distribute:[Distribute] failover:[Failover] failoverPriority:[str] enabled:bool
    """,
    "ZoneAwareLb": """
        enabled:bool failover:[Failover] failoverPriority:[str] minClusterSize:uint32
    """,
    "Distribute": "from:str to:{uint32}",
    "Failover": "from:str to:str",
    "ConnectionPool": "tcp:TCPSettings http:HTTPSettings",
    "TCPSettings": """
        maxConnections:int32 connectTimeout:duration tcpKeepalive:TCPKeepalive
        maxConnectionDuration:duration idleTimeout:duration
    """,
    "TCPKeepalive": "probes:uint32 time:duration interval:duration",
    "HTTPSettings": """
        http1MaxPendingRequests:int32 http2MaxRequests:int32 maxRequestsPerConnection:int32
        maxRetries:int32 idleTimeout:duration h2UpgradePolicy:H2Upgrade useClientProtocol:bool
        maxConcurrentStreams:int32 http2KeepAlive:HTTP2KeepAlive
    """,
    "HTTP2KeepAlive": "interval:duration timeout:duration",
    "OutlierDetection": """
        consecutiveErrors:int32 splitExternalLocalOriginErrors:bool
        consecutiveLocalOriginFailures:uint32 consecutiveGatewayErrors:uint32
        consecutive5xxErrors:uint32 interval:duration baseEjectionTime:duration
        maxEjectionPercent:int32 minHealthPercent:int32 outlierDetectionHttpErrorCodes:[uint32]
    """,
    "ClientTLS": """
        mode:ClientTLSMode clientCertificate:str privateKey:str caCertificates:str
        credentialName:str subjectAltNames:[str] sni:str insecureSkipVerify:bool caCrl:str
    """,
}

ENUMS = {
    "ProxyProtocolVersion": "V1 V2",
    "SimpleLB": "UNSPECIFIED LEAST_CONN RANDOM PASSTHROUGH ROUND_ROBIN LEAST_REQUEST",
    "H2Upgrade": "DEFAULT DO_NOT_UPGRADE UPGRADE",
    "ClientTLSMode": "DISABLE SIMPLE MUTUAL ISTIO_MUTUAL",
}
