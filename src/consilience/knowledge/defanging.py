"""Write a value so that nobody reaches it by accident. The way back is ``observable_syntax.refang``."""

from __future__ import annotations

import re
from typing import Final

from consilience.model.observable import Observable, ObservableType

_CLICKABLE: Final = frozenset(
    {
        ObservableType.IPV4,
        ObservableType.IPV6,
        ObservableType.NETWORK,
        ObservableType.HOST_PORT,
        ObservableType.DOMAIN,
        ObservableType.EMAIL,
    }
)


def defang(observable: Observable) -> str:
    """Return the value so that no program makes a link of it; :func:`refang` brings it back."""
    kind, value = observable.type, observable.value
    if kind is ObservableType.URL:
        scheme, _, rest = value.partition("://")
        host, slash, path = re.split(r"([/?#]|\Z)", rest, maxsplit=1)
        return f"{scheme.replace('tt', 'xx')}://{_without_links(host)}{slash}{path}"
    return _without_links(value) if kind in _CLICKABLE else value


def _without_links(host: str) -> str:
    return host.replace(".", "[.]").replace("@", "[@]") if "." in host else host.replace(":", "[:]", 2)
