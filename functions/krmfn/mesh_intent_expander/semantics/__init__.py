"""What the objects of Istio and of the Gateway API mean: what happens to one request.

Everything is worked out from the objects alone, however they came to be; intents and plans have no
part in it.
"""
