"""A fake on a port reads what clients send, however they send it."""

import http.client
from urllib.parse import urlsplit

from syncline.sandbox.wire import Response, Server


class Echo:
    """Answers with the body it was sent."""

    def handle(self, request):
        return Response(body=request.body)


def test_a_body_in_chunks_is_read_whole_and_the_next_call_on_the_same_connection_too():
    with Server(Echo()) as server:
        line = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
        for parts in ([b"one ", b"two"], [], [b"x" * 70_000]):
            line.request("POST", "/", body=iter(parts), headers={"Transfer-Encoding": "chunked"}, encode_chunked=True)
            assert line.getresponse().read() == b"".join(parts)
        line.request("POST", "/", body=b"plain")
        assert line.getresponse().read() == b"plain"
        line.close()
