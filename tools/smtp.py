"""A mail server for tests, on a free port of the loopback: JSON lines on stdout, the port first, then each letter.

refused@… is refused for good, later@… at the first attempt only.
"""
import asyncio
import email
import email.policy
import json

from aiosmtpd.smtp import SMTP


def say(**line):
    print(json.dumps(line), flush=True)


class Keep:
    later = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused@"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("later@"):
            self.later += 1
            if self.later == 1:
                return "451 4.3.0 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        part = lambda kind: (found := letter.get_body((kind,))) and found.get_content()
        say(sender=letter["from"], to=envelope.rcpt_tos, subject=letter["subject"], text=part("plain"), html=part("html"))
        return "250 OK"


async def main():
    keep = Keep()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(keep, hostname="localhost", enable_SMTPUTF8=True), "127.0.0.1", 0)
    say(listening=server.sockets[0].getsockname()[1])
    await server.serve_forever()


asyncio.run(main())
