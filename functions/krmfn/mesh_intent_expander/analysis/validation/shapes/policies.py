"""The kinds of ``security.istio.io`` and ``telemetry.istio.io``."""

_ATTACHED = "selector:MatchLabels targetRef:TargetRef targetRefs:[TargetRef]<=16 "

MESSAGES = {
    "TargetRef": "group:str<=253 kind!:text<=63 name!:text<=253 namespace:str",
    "PeerAuthentication": """
        selector:MatchLabels mtls:MutualTLS portLevelMtls:{uint32:MutualTLS}+
    """,
    "MutualTLS": "mode:MutualTLSMode",
    "RequestAuthentication": _ATTACHED + "jwtRules:[JWTRule]<=4096",
    "JWTRule": """
        issuer:text audiences:[text] jwksUri:text<=2048 jwks:str
        fromHeaders:[JWTHeader] fromParams:[text] outputPayloadToHeader:str fromCookies:[text]
        forwardOriginalToken:bool outputClaimToHeaders:[ClaimToHeader] timeout:duration
        spaceDelimitedClaims:[text]<=64
    """,
    "JWTHeader": "name!:text prefix:str",
    "ClaimToHeader": "header!:text claim!:text",
    "AuthorizationPolicy": _ATTACHED
    + "rules:[Rule]<=512 action:AuthorizationAction provider:ExtensionProvider",
    "ExtensionProvider": "name:str",
    "Rule": "from:[From]<=512 to:[To] when:[Condition]",
    "From": "source:Source",
    "To": "operation:Operation",
    "Source": """
        principals:[str] notPrincipals:[str] requestPrincipals:[str] notRequestPrincipals:[str]
        namespaces:[str] notNamespaces:[str] serviceAccounts:[str] notServiceAccounts:[str]
        ipBlocks:[str] notIpBlocks:[str] remoteIpBlocks:[str] notRemoteIpBlocks:[str]
        trustDomains:[str] notTrustDomains:[str]
    """,
    "Operation": """
        hosts:[str] notHosts:[str] ports:[str] notPorts:[str] methods:[str] notMethods:[str]
        paths:[str] notPaths:[str]
    """,
    "Condition": "key!:str values:[str] notValues:[str]",
    "Telemetry": _ATTACHED + "tracing:[Tracing] metrics:[Metrics] accessLogging:[AccessLogging]",
    "Tracing": """
        match:ModeSelector providers:[ProviderRef] randomSamplingPercentage:double
        disableSpanReporting:bool customTags:{CustomTag} useRequestIdForTraceSampling:bool
        enableIstioTags:bool disableContextPropagation:bool
    """,
    "ModeSelector": "mode:TelemetryMode",
    "ProviderRef": "name!:text",
    "CustomTag": "literal:Literal|environment:Environment|header:RequestHeader|formatter:Formatter",
    "Literal": "value!:text",
    "Environment": "name!:text defaultValue:str",
    "RequestHeader": "name!:text defaultValue:str",
    "Formatter": "value!:text",
    "Metrics": """
        providers:[ProviderRef] overrides:[MetricsOverride] reportingInterval:duration
    """,
    "MetricsOverride": "match:MetricSelector disabled:bool tagOverrides:{TagOverride}",
    "MetricSelector": "metric:IstioMetric|customMetric:text mode:TelemetryMode",
    "TagOverride": "operation:TagOperation value:str",
    "AccessLogging": "match:ModeSelector providers:[ProviderRef] disabled:bool filter:LogFilter",
    "LogFilter": "expression:str",
}

ENUMS = {
    "MutualTLSMode": "UNSET DISABLE PERMISSIVE STRICT",
    "AuthorizationAction": "ALLOW DENY AUDIT CUSTOM",
    "TelemetryMode": "CLIENT_AND_SERVER CLIENT SERVER",
    "TagOperation": "UPSERT REMOVE",
    "IstioMetric": """
        ALL_METRICS REQUEST_COUNT REQUEST_DURATION REQUEST_SIZE RESPONSE_SIZE
        TCP_OPENED_CONNECTIONS TCP_CLOSED_CONNECTIONS TCP_SENT_BYTES TCP_RECEIVED_BYTES
        GRPC_REQUEST_MESSAGES GRPC_RESPONSE_MESSAGES
    """,
}
