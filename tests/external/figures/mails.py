"""Mails through the outbox: links are mailed to 1,000 people, and a mail server on this machine notes when each came."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from threading import local

from server import Server, post

COUNT = 1000
came = []


async def serve(reader, writer):
    writer.write(b"220 localhost\r\n")
    while line := await reader.readline():
        match line[:4].upper():
            case b"EHLO":
                writer.write(b"250-localhost\r\n250 8BITMIME\r\n")
            case b"DATA":
                writer.write(b"354 go on\r\n")
                while await reader.readline() not in (b".\r\n", b""):
                    pass
                came.append(time.monotonic())
                writer.write(b"250 taken\r\n")
            case b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            case _:
                writer.write(b"250 ok\r\n")
    writer.close()


async def main():
    mail = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = "smtp://127.0.0.1:%d" % mail.sockets[0].getsockname()[1]
    with Server(mail_url=url, mail_from="id@example.com") as server:
        mine, threads, loop = local(), ThreadPoolExecutor(32), asyncio.get_running_loop()

        def call(path, body):
            if not hasattr(mine, "connection"):
                mine.connection = server.connect()
            return post(mine.connection, path, body, server.key)

        def at_once(calls):
            return asyncio.gather(*(loop.run_in_executor(threads, call, *one) for one in calls))

        people = await at_once(("/admin/users", {"email": f"p{n}@example.com"}) for n in range(COUNT))
        begun, spent = time.monotonic(), server.cpu()
        body = {"purpose": "invite", "send": True}
        await at_once((f"/admin/users/{person['id']}/link", body) for person in people)
        written = time.monotonic()
        while len(came) < COUNT:
            await asyncio.sleep(0.01)
        print(
            f"mails: {COUNT} written at {COUNT / (written - begun):.0f} a second, "
            f"taken at {COUNT / (came[-1] - came[0]):.0f} a second; "
            f"{(server.cpu() - spent) / COUNT * 1e3:.2f} ms of processor time each, the link's making included"
        )
        # The last connections say goodbye.
        await asyncio.sleep(0.5)


asyncio.run(main())
