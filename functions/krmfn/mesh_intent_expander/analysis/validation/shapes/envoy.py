"""What reaches into Envoy: EnvoyFilter, WasmPlugin and TrafficExtension."""

_WASM = """
    url!:text sha256:str imagePullPolicy:PullPolicy imagePullSecret:text<=253 verificationKey:str
    pluginConfig:struct pluginName:text<=256 failStrategy:FailStrategy vmConfig:VmConfig
    type:PluginType
"""

MESSAGES = {
    "EnvoyFilter": """
        workloadSelector:Labels targetRefs:[TargetRef]<=16 configPatches:[ConfigPatch]
        priority:int32
    """,
    "ConfigPatch": "applyTo:ApplyTo match:ObjectMatch patch:Patch",
    "ObjectMatch": """
        context:PatchContext proxy:ProxyMatch
        listener:ListenerMatch|routeConfiguration:RouteConfigurationMatch|cluster:ClusterMatch|waypoint:WaypointMatch
    """,
    "ProxyMatch": "proxyVersion:str metadata:{str}",
    "ClusterMatch": "portNumber:uint32 service:str subset:str name:str",
    "RouteConfigurationMatch": """
        portNumber:uint32 portName:str gateway:str vhost:VirtualHostMatch name:str
    """,
    "VirtualHostMatch": "name:str domainName:str route:RouteMatch",
    "RouteMatch": "name:str action:RouteAction",
    "ListenerMatch": """
        portNumber:uint32 portName:str filterChain:FilterChainMatch listenerFilter:str name:str
    """,
    "FilterChainMatch": """
        name:str sni:str transportProtocol:str applicationProtocols:str filter:FilterMatch
        destinationPort:uint32
    """,
    "FilterMatch": "name:str subFilter:SubFilterMatch",
    "SubFilterMatch": "name:str",
    "WaypointMatch": "portNumber:uint32 route:WaypointRouteMatch filter:FilterMatch",
    "WaypointRouteMatch": "name:str",
    "Patch": "operation:PatchOperation value:struct filterClass:FilterClass",
    "WasmPlugin": "selector:MatchLabels targetRef:TargetRef targetRefs:[TargetRef]<=16 "
    "phase:Phase priority:int32 match:[TrafficSelector]" + _WASM,
    "TrafficExtension": """
        selector:MatchLabels targetRefs:[TargetRef]<=16 phase:ExtensionPhase priority:int32
        match:[TrafficSelector] wasm:WasmConfig|lua:LuaConfig
    """,
    "WasmConfig": _WASM,
    "LuaConfig": "inlineCode!:text",
    "TrafficSelector": "mode:WorkloadMode ports:[WorkloadPort]",
    "WorkloadPort": "number!:uint32",
    "VmConfig": "env:[EnvVar]<=256",
    "EnvVar": "name!:text<=256 valueFrom:EnvSource value:str<=2048",
}

ENUMS = {
    "ApplyTo": """
        INVALID LISTENER FILTER_CHAIN NETWORK_FILTER HTTP_FILTER ROUTE_CONFIGURATION VIRTUAL_HOST
        HTTP_ROUTE CLUSTER EXTENSION_CONFIG BOOTSTRAP LISTENER_FILTER
    """,
    "PatchContext": "ANY SIDECAR_INBOUND SIDECAR_OUTBOUND GATEWAY WAYPOINT",
    "RouteAction": "ANY ROUTE REDIRECT DIRECT_RESPONSE",
    "PatchOperation": """
        INVALID MERGE ADD REMOVE INSERT_BEFORE INSERT_AFTER INSERT_FIRST REPLACE
        MERGE_AND_REPLACE_LIST
    """,
    "FilterClass": "UNSPECIFIED AUTHN AUTHZ STATS",
    "PullPolicy": "UNSPECIFIED_POLICY IfNotPresent Always",
    "FailStrategy": "FAIL_CLOSE FAIL_OPEN FAIL_RELOAD",
    "PluginType": "UNSPECIFIED_PLUGIN_TYPE HTTP NETWORK",
    "Phase": "UNSPECIFIED_PHASE AUTHN AUTHZ STATS",
    "ExtensionPhase": "UNSPECIFIED AUTHN AUTHZ STATS",
    "EnvSource": "INLINE HOST",
    "WorkloadMode": "UNDEFINED CLIENT SERVER CLIENT_AND_SERVER",
}
