"""What people write for the greeter."""

from pydantic import Field

from krmfn.sdk import FunctionConfig, FunctionSpec, Kind, Model, Place


class GreeterSpec(FunctionSpec):
    prefix: str = Field("", description="What every text begins with.")


class Greeter(FunctionConfig, api_version="fn.krmfn.dev/v1alpha1"):
    spec: GreeterSpec = Field(GreeterSpec(), description="How to greet.")


class GreetingSpec(Model):
    names: tuple[str, ...] = Field((), description="Whom to greet.")
    text: str = Field("hello", description="What to say.")
    file: str = Field("", description="The file to write to, with {} for the name.")
    problem: str = Field("", description="What must not be said.")

    def place(self, name: str) -> Place | None:
        return Place(self.file.format(name), 0) if self.file else None


class Greeting(Kind, api_version="test.krmfn.dev/v1"):
    spec: GreetingSpec = Field(description="The greeting.")
