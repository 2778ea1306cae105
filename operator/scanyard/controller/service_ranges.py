"""The cluster's Service ranges, which no scan may touch, as far as they may be read."""

from __future__ import annotations

import ipaddress
import logging

from scanyard.kube.client import KubeClient
from scanyard.kube.errors import KubeNotFoundError, KubeRefusedError
from scanyard.kube.resources import SERVICE_CIDRS
from scanyard.lifecycle.targets.address_sets import IPNetwork
from scanyard.settings import EVERYWHERE, Scope

log = logging.getLogger(__name__)


async def service_networks(kube: KubeClient, scope: Scope) -> list[IPNetwork]:
    """The ranges of the ServiceCIDR objects; none, with a warning, where they cannot be known.

    They are no namespace's, so an installation in some namespaces has no right to them. One for
    the whole cluster has: there the refusal is raised.
    """
    try:
        items, _ = await kube.list_all(SERVICE_CIDRS)
    except KubeNotFoundError:
        log.warning("this cluster has no ServiceCIDR objects; deny its Service range by settings")
        return []
    except KubeRefusedError as error:
        if scope == EVERYWHERE:
            raise
        log.warning(
            "the Service ranges are not denied, since they cannot be read in single namespaces "
            "(%s); name them in SCANYARD_DENIED_NETWORKS (the chart's extraDeniedNetworks)",
            error.message,
        )
        return []
    texts = [text for item in items for text in item.get("spec", {}).get("cidrs") or ()]
    return [ipaddress.ip_network(text) for text in texts]
