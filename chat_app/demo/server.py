class DemoServer:
    def base_url(self) -> str:
        return "http://127.0.0.1:1/v1"

    def close(self) -> None: ...
