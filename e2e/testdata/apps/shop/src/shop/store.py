"""A stand-in for Redis, for tests without a Redis image: python -m shop.store

It serves the part of the Redis protocol that the shop uses, keeps everything in memory, and honours AUTH.
"""

import asyncio
import os
from collections import defaultdict

PORT = 6379
HELLO = {"server": "redis", "version": "7.0.0", "proto": 3, "mode": "standalone", "role": "master", "modules": []}


class Store:
    """Lists by name. Readers that wait are woken by each push."""

    def __init__(self, password: str) -> None:
        self.password = password
        self.lists: defaultdict[str, list[str]] = defaultdict(list)
        self.pushed = asyncio.Condition()

    async def push(self, key: str, *values: str) -> int:
        """Append values and wake who waits for them."""
        async with self.pushed:
            self.lists[key].extend(values)
            self.pushed.notify_all()
            return len(self.lists[key])

    async def pop(self, key: str, timeout: str) -> list[str] | None:
        """Take the first value, and wait for it up to timeout seconds; 0 waits without an end."""
        async with self.pushed:
            try:
                async with asyncio.timeout(float(timeout) or None):
                    await self.pushed.wait_for(lambda: self.lists[key])
            except TimeoutError:
                return None
            return [key, self.lists[key].pop(0)]

    async def answer(self, command: str, arguments: list[str]) -> object:
        """Run one command of a client that has the password."""
        match command, arguments:
            case "PING", _:
                return "PONG"
            case "RPUSH", [key, *values]:
                return await self.push(key, *values)
            case "BLPOP", [key, timeout]:
                return await self.pop(key, timeout)
            case "LLEN", [key]:
                return len(self.lists[key])
            case "LRANGE", [key, first, last]:
                end = int(last) + 1
                return self.lists[key][int(first) : end or None]
            case "SELECT" | "CLIENT", _:
                return "OK"
        return ValueError(f"ERR unknown command '{command}'")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client until it leaves."""
        known = not self.password
        try:
            while words := await read(reader):
                command, arguments = words[0].upper(), words[1:]
                if command in ("AUTH", "HELLO"):
                    known = known or self.password in arguments
                    reply: object = HELLO if command == "HELLO" else "OK"
                    reply = reply if known else ValueError("WRONGPASS invalid username-password pair")
                elif not known:
                    reply = ValueError("NOAUTH Authentication required.")
                else:
                    reply = await self.answer(command, arguments)
                writer.write(encode(reply))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client is gone
        finally:
            writer.close()


async def read(reader: asyncio.StreamReader) -> list[str]:
    """Read one command: an array of texts. A client that left has none."""
    head = await reader.readline()
    words = []
    for _ in range(int(head[1:]) if head.startswith(b"*") else 0):
        size = int((await reader.readline())[1:])
        words.append((await reader.readexactly(size + 2))[:-2].decode())
    return words


def encode(value: object) -> bytes:
    """Write an answer in the Redis protocol, version 2."""
    match value:
        case None:
            return b"*-1\r\n"
        case "OK" | "PONG":
            return f"+{value}\r\n".encode()
        case ValueError():
            return f"-{value}\r\n".encode()
        case int():
            return f":{value}\r\n".encode()
        case dict():
            pairs = b"".join(encode(k) + encode(v) for k, v in value.items())
            return f"%{len(value)}\r\n".encode() + pairs
        case list():
            return f"*{len(value)}\r\n".encode() + b"".join(encode(v) for v in value)
    text = str(value).encode()
    return b"$%d\r\n%s\r\n" % (len(text), text)


async def main() -> None:
    """Serve until the process is stopped."""
    store = Store(os.environ.get("REDIS_PASSWORD", ""))
    server = await asyncio.start_server(store.serve, "0.0.0.0", PORT)
    print("listening on", PORT, flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
