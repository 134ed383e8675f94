"""VirtualService and Gateway."""

MESSAGES = {
    "VirtualService": """
        hosts:[str] gateways:[str] http:[HTTPRoute] tls:[TLSRoute] tcp:[TCPRoute] exportTo:[str]
    """,
    "HTTPRoute": """
        name:str match:[HTTPMatch] route:[HTTPRouteDestination] redirect:HTTPRedirect
        directResponse:HTTPDirectResponse delegate:Delegate rewrite:HTTPRewrite timeout:duration
        retries:HTTPRetry fault:HTTPFault mirror:Destination mirrors:[HTTPMirror]
        mirrorPercent:uint32 mirrorPercentage:Percent corsPolicy:CorsPolicy headers:Headers
    """,
    "HTTPMatch": """
        name:str uri:StringMatch scheme:StringMatch method:StringMatch authority:StringMatch
        headers:{StringMatch} port:uint32 sourceLabels:{str} gateways:[str]
        queryParams:{StringMatch} ignoreUriCase:bool withoutHeaders:{StringMatch}
        sourceNamespace:str statPrefix:str
    """,
    "StringMatch": "exact:str|prefix:str|regex:str",
    "HTTPRouteDestination": "destination!:Destination weight:int32 headers:Headers",
    "RouteDestination": "destination!:Destination weight:int32",
    "Destination": "host!:str subset:str port:PortSelector",
    "PortSelector": "number:uint32",
    "HTTPRedirect": """
        uri:str authority:str port:uint32|derivePort:RedirectPort scheme:str redirectCode:uint32
        prefixRewrite:str
    """,
    "HTTPDirectResponse": "status!:uint32 body:HTTPBody",
    "HTTPBody": "string:str|bytes:bytes",
    "Delegate": "name:str namespace:str",
    "HTTPRewrite": "uri:str authority:str uriRegexRewrite:RegexRewrite",
    "RegexRewrite": "match:str rewrite:str",
    "HTTPRetry": """
        attempts:int32 perTryTimeout:duration retryOn:str retryRemoteLocalities:bool
        retryIgnorePreviousHosts:bool backoff:duration
    """,
    "HTTPFault": "delay:FaultDelay abort:FaultAbort",
    "FaultDelay": """
        percent:int32 fixedDelay:duration|exponentialDelay:duration percentage:Percent
    """,
    "FaultAbort": "httpStatus:int32|grpcStatus:str|http2Error:str percentage:Percent",
    "Percent": "value:double",
    "HTTPMirror": "destination!:Destination percentage:Percent",
    "CorsPolicy": """
        allowOrigin:[str] allowOrigins:[StringMatch] allowMethods:[str] allowHeaders:[str]
        exposeHeaders:[str] maxAge:duration allowCredentials:bool
        unmatchedPreflights:UnmatchedPreflights
    """,
    "Headers": "request:HeaderOperations response:HeaderOperations",
    "HeaderOperations": "set:{str} add:{str} remove:[str]",
    "TLSRoute": "match!:[TLSMatch] route:[RouteDestination]",
    "TLSMatch": """
        sniHosts!:[str] destinationSubnets:[str] port:uint32 sourceLabels:{str} gateways:[str]
        sourceNamespace:str
    """,
    "TCPRoute": "match:[TCPMatch] route:[RouteDestination]",
    "TCPMatch": """
        destinationSubnets:[str] port:uint32 sourceSubnet:str sourceLabels:{str} gateways:[str]
        sourceNamespace:str
    """,
    "Gateway": "servers:[Server] selector:{str}",
    "Server": """
        port!:ServerPort bind:str hosts!:[str] tls:ServerTLS defaultEndpoint:str name:str
    """,
    "ServerPort": "number!:uint32 protocol!:str name!:str targetPort:uint32",
    "ServerTLS": """
        httpsRedirect:bool mode:ServerTLSMode serverCertificate:str privateKey:str
        caCertificates:str caCrl:str credentialName:str credentialNames:[str]+<=2
        caCertCredentialName:str tlsCertificates:[TLSCertificate]+<=2 subjectAltNames:[str]
        verifyCertificateSpki:[str] verifyCertificateHash:[str] minProtocolVersion:TLSProtocol
        maxProtocolVersion:TLSProtocol cipherSuites:[str] insecureSkipVerify:bool
    """,
    "TLSCertificate": "serverCertificate:str privateKey:str caCertificates:str",
}

ENUMS = {
    "RedirectPort": "FROM_PROTOCOL_DEFAULT FROM_REQUEST_PORT",
    "UnmatchedPreflights": "UNSPECIFIED FORWARD IGNORE",
    "ServerTLSMode": """
        PASSTHROUGH SIMPLE MUTUAL AUTO_PASSTHROUGH ISTIO_MUTUAL OPTIONAL_MUTUAL
    """,
    "TLSProtocol": "TLS_AUTO TLSV1_0 TLSV1_1 TLSV1_2 TLSV1_3",
}
