"""The configuration texts that most tests share: `plain_site` and `tls_site`.

Both return a template for `Site.pound`. A test names only what matters to it. The settings of a
part are YAML lines, and "; " may stand between two lines: "Client: 5; MaxRequest: 10". A backend or
a listener that does not say otherwise is at 127.0.0.1 and has no limit (`Threads: 0`). The port of
the backend `name` is $name, and the port of the listener is $listen. A test about the text of a
configuration writes the text out instead.
"""

import textwrap


def _lines(text):
    return textwrap.dedent(text).strip("\n").replace("; ", "\n").splitlines()


def _entry(first, lines, port):
    """A list entry: Address, Port and Threads, then the other lines. A path has no port."""
    usual = {"Address": "127.0.0.1", "Port": port, "Threads": "0"}
    given = {line.split(":")[0]: line for line in lines}
    if given.get("Address", "").startswith(("Address: /", "Address: $dir")):
        del usual["Port"]
    body = [given.get(key, f"{key}: {value}") for key, value in usual.items()]
    body += [line for line in lines if line.split(":")[0] not in usual]
    if first is None:
        first, *body = body
    return textwrap.indent(f"- {first}\n" + "".join(f"  {line}\n" for line in body), "  ")


def _backends(backends):
    return "Backends:\n" + "".join(_entry(f"&{name}", _lines(text), f"${name}")
                                   for name, text in backends.items())


def another_listener(settings="", services="- Backends: [*web]"):
    """A further entry of a site's last list of listeners: add it to the site's text."""
    services = textwrap.indent(textwrap.dedent(services).strip(), "  ").splitlines()
    return _entry(None, [*_lines(settings), "Services:", *services], "$listen")


def _site(settings, backends, services, *listeners):
    backends = {"web": ""} if backends is None else backends
    services = services or f"- Backends: [{', '.join('*' + name for name in backends)}]"
    head = "\nGlobal:\n" + textwrap.indent("\n".join(_lines(settings)), "  ") + "\n"
    return head + _backends(backends) + "".join(
        f"{kind}:\n" + another_listener(text, services) for kind, text in listeners)


def plain_site(settings="Workers: 1", *, backends=None, listener="", services=None):
    """Backends behind one HTTP listener.

    `settings` are the lines of Global. `backends` gives the lines of each backend by name; the
    default is one backend, web. `services` is a YAML list; the default is one service with all
    backends.
    """
    return _site(settings, backends, services, ("HTTPListeners", listener))


def tls_site(settings="Workers: 1", *, backends=None, listener="Certificates: $pem",
             services=None, plain=None):
    """Backends behind one HTTPS listener.

    `plain` gives the lines of an HTTP listener with the same services; the default is none. One of
    the two listeners then needs a port other than $listen.
    """
    plain = [] if plain is None else [("HTTPListeners", plain)]
    return _site(settings, backends, services, *plain, ("HTTPSListeners", listener))
