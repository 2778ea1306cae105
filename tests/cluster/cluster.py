"""The cluster: made by kind, waited for, taken away again without a trace."""

import json
import shutil
import time
from pathlib import Path

from tests.cluster import command, engine, node_image, programs
from tests.cluster.console import say, step
from tests.cluster.errors import ClusterError, CommandError
from tests.cluster.settings import FAILING_NODE_TAINT, POD_SUBNET, SERVICE_SUBNET, Settings

_READY_SECONDS = 180
# A busy machine may leave the API server silent for a while; nobody's cluster is to go for that.
_PATIENCE_SECONDS = 90
# The second one is there to fail.
_NODES = 2
_NETWORK = "kind"
# A file in the control plane: ``up`` came to its end. It stands in the same tmpfs as etcd's data,
# so that both are gone after the container was stopped, with the engine or with the machine.
_COMPLETE = "/tmp/complete"


def up(settings: Settings, node_count: int | None = None) -> None:
    """Makes sure that the cluster runs and answers. Seconds, if it already does.

    Without a count any cluster that is there will do.
    """
    if settings.existing_kubeconfig:
        _require_answer(settings)
        return
    engine.ensure(settings)
    for name in ("kind", "kubectl"):
        programs.tool(settings, name)
    image = node_image.ensure(settings)
    running = nodes(settings)
    if running and _is_complete(settings, running[0]):
        _explain_differences(settings, running, node_count, image)
        _revive(running[1:])
        connect_nodes(settings)
        _revive_services(settings, running)
        return
    if running:
        say("  - the cluster there is is half-made or dead: it is replaced")
        _remove(settings)
    _create(settings, node_count or _NODES, image)


def down(settings: Settings, *, keep_engine: bool) -> None:
    """Removes what ``up`` made: nodes, network, kubeconfig, engine. Caches stay."""
    if settings.existing_kubeconfig:
        say("  - an existing cluster is left alone")
        return
    if engine.answers():
        with step("deleting the cluster"):
            _remove(settings)
    if not keep_engine:
        engine.stop_if_ours(settings)


def nodes(settings: Settings) -> list[str]:
    """The names of the node containers, control plane first."""
    listed = command.run(
        [
            "docker",
            "ps",
            "--all",
            "--format",
            "{{.Names}}",
            "--filter",
            f"label=io.x-k8s.kind.cluster={settings.name}",
        ],
        what="docker ps",
    )
    return sorted(listed.split(), key=lambda name: ("control-plane" not in name, name))


def is_healthy(settings: Settings) -> bool:
    """Whether the API server answers to our kubeconfig."""
    question = ["--request-timeout=5s", "get", "--raw", "/readyz"]
    return settings.kubeconfig.exists() and command.succeeds(
        [*_kubectl(settings), *question], timeout_seconds=15
    )


def _is_complete(settings: Settings, control_plane: str) -> bool:
    """Whether ``up`` once came to its end, and the API server answers, if slowly."""
    inside = ["docker", "exec", control_plane]
    if not command.succeeds([*inside, "test", "-f", _COMPLETE]):
        return False
    if not settings.kubeconfig.exists():  # made from another cache
        settings.kubeconfig.parent.mkdir(parents=True, exist_ok=True)
        command.run(
            [programs.tool(settings, "kind"), "export", "kubeconfig", *_arguments(settings)],
            what="kind export kubeconfig",
        )
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not is_healthy(settings):
        if time.monotonic() > deadline:
            return False
        time.sleep(1)
    return True


def _require_answer(settings: Settings) -> None:
    if not is_healthy(settings):
        raise ClusterError(
            f"The cluster of {settings.kubeconfig} does not answer within 5 s: start it, check "
            "the file, or unset CLUSTER to get a cluster of your own."
        )


def _explain_differences(
    settings: Settings, running: list[str], node_count: int | None, image: str
) -> None:
    made_of = command.run(
        ["docker", "inspect", "--format", "{{.Config.Image}}", running[0]], what="docker inspect"
    )
    if node_count not in {None, len(running)}:
        raise ClusterError(
            f"Cluster {settings.name} has {len(running)} node(s), not {node_count}: remove it "
            "first (down), or give the other one another name (--name)."
        )
    if made_of.strip() != image:
        say("  - the cluster runs on an older node image; down and up brings the new one")


def _create(settings: Settings, node_count: int, image: str) -> None:
    _note_network(settings)
    settings.kubeconfig.parent.mkdir(parents=True, exist_ok=True)
    configuration = settings.kubeconfig.parent / "kind.json"
    configuration.write_text(json.dumps(_configuration(node_count), indent=2))
    try:
        with step(f"starting the cluster {settings.name} ({node_count} node(s))"):
            command.run(
                [
                    programs.tool(settings, "kind"),
                    "create",
                    "cluster",
                    *_arguments(settings),
                    "--image",
                    image,
                    "--config",
                    configuration,
                ],
                what="kind create cluster",
                log=settings.logs / f"kind-{settings.name}.log",
                environment={"KUBECONFIG": str(settings.kubeconfig)},
            )
            settings.kubeconfig.chmod(0o600)
            connect_nodes(settings)
        with step("waiting for nodes and CoreDNS"):
            _wait_ready(settings)
        command.run(["docker", "exec", nodes(settings)[0], "touch", _COMPLETE], what="docker exec")
    except BaseException as error:
        with command.undisturbed():
            if isinstance(error, ClusterError):
                _save_node_logs(settings)
            say("  - removing the half-made cluster")
            _remove(settings)
        raise


def _configuration(node_count: int) -> dict[str, object]:
    """kind's configuration, and through it kubeadm's."""
    kubelet = {"kind": "KubeletConfiguration", "failCgroupV1": False}
    # A test cluster may lose its data; on a slow disk fsync allows only some 40 creates a second.
    etcd = {"local": {"dataDir": "/tmp/etcd", "extraArgs": {"unsafe-no-fsync": "true"}}}
    # By these a namespace sends its Pods to a worker.
    plugins = "NodeRestriction,PodNodeSelector,PodTolerationRestriction"
    api_server = {"extraArgs": {"enable-admission-plugins": plugins}}
    taint = {"key": FAILING_NODE_TAINT, "effect": "NoSchedule"}
    return {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "networking": {
            "ipFamily": "ipv4",
            "kubeProxyMode": "nftables",
            "podSubnet": POD_SUBNET,
            "serviceSubnet": SERVICE_SUBNET,
        },
        "kubeadmConfigPatches": [
            json.dumps(kubelet),
            json.dumps({"kind": "ClusterConfiguration", "etcd": etcd, "apiServer": api_server}),
            # With workers beside it kind keeps Pods off the control plane; here it is the reverse.
            json.dumps({"kind": "InitConfiguration", "nodeRegistration": {"taints": []}}),
            json.dumps({"kind": "JoinConfiguration", "nodeRegistration": {"taints": [taint]}}),
        ],
        "nodes": [{"role": "control-plane"}] + [{"role": "worker"}] * (node_count - 1),
    }


def _revive(workers: list[str]) -> None:
    """A test that was killed may have left one frozen, or switched off."""
    for name in workers:
        asked = ["docker", "inspect", "--format", "{{.State.Status}}", name]
        state = command.run(asked, what="docker inspect").strip()
        if state != "running":
            how = "unpause" if state == "paused" else "start"
            command.run(["docker", how, name], what=f"docker {how}")


def connect_nodes(settings: Settings) -> None:
    """Routes between the nodes' Pods: our node image has no network daemon to set them."""
    kubectl = _kubectl(settings)
    listed = json.loads(
        command.run([*kubectl, "get", "nodes", "--output=json"], what="kubectl get nodes")
    )["items"]
    for node in listed:
        inside = [each["address"] for each in node["status"]["addresses"]]
        for other in listed:
            if other is not node:
                route = [node["spec"]["podCIDR"], "via", inside[0]]
                command.run(
                    ["docker", "exec", other["metadata"]["name"], "ip", "route", "replace", *route],
                    what="ip route replace",
                )


def _revive_services(settings: Settings, names: list[str]) -> None:
    """After an hour kube-proxy writes all its rules anew, and some kernels lose them over that."""
    listed = ["nft", "list", "map", "ip", "kube-proxy", "service-ips"]
    if all(
        "service-"
        in command.run(["docker", "exec", name, *listed], what="nft list map").partition(
            "elements"
        )[2]
        for name in names
    ):
        return
    with step("restarting kube-proxy, which has lost its rules"):
        restart = [*_kubectl(settings), "-n", "kube-system", "rollout"]
        daemons = "daemonset/kube-proxy"
        command.run([*restart, "restart", daemons], what="kubectl rollout restart")
        within = f"--timeout={_READY_SECONDS}s"
        command.run([*restart, "status", daemons, within], what="waiting for kube-proxy")


def _wait_ready(settings: Settings) -> None:
    kubectl = _kubectl(settings)
    within = f"--timeout={_READY_SECONDS}s"
    command.run(
        [*kubectl, "wait", "--for=condition=Ready", "node", "--all", within], what="kubectl wait"
    )
    command.run(
        [*kubectl, "-n", "kube-system", "rollout", "status", "deployment/coredns", within],
        what="waiting for CoreDNS",
    )


def _kubectl(settings: Settings) -> list[str | Path]:
    return [programs.tool(settings, "kubectl"), "--kubeconfig", settings.kubeconfig]


def _save_node_logs(settings: Settings) -> None:
    """The nodes are about to go; what they said is what explains the failure."""
    folder = settings.logs / f"nodes-{settings.name}-{time.strftime('%H%M%S')}"
    try:
        command.run(
            [programs.tool(settings, "kind"), "export", "logs", folder, "--name", settings.name],
            what="kind export logs",
            timeout_seconds=60,
        )
    except ClusterError:
        return  # best effort: the failure itself is what the user must see
    say(f"  - the nodes' logs are in {folder}")


def _remove(settings: Settings) -> None:
    """Everything that a cluster is made of; the caches are not."""
    if nodes(settings):
        command.run(
            [programs.tool(settings, "kind"), "delete", "cluster", *_arguments(settings)],
            what="kind delete cluster",
        )
    shutil.rmtree(settings.kubeconfig.parent, ignore_errors=True)
    _remove_network(settings)


def _arguments(settings: Settings) -> list[str | Path]:
    """What every command of kind is told."""
    return ["--name", settings.name, "--kubeconfig", settings.kubeconfig]


def _network_note(settings: Settings) -> Path:
    return settings.cache / "clusters" / "network-is-ours"


def _note_network(settings: Settings) -> None:
    """kind makes its network when there is none: then it is ours to remove."""
    if not command.succeeds(["docker", "network", "inspect", _NETWORK]):
        _network_note(settings).parent.mkdir(parents=True, exist_ok=True)
        _network_note(settings).touch()


def _remove_network(settings: Settings) -> None:
    """Removes kind's network if we made it and no other cluster uses it."""
    if not _network_note(settings).exists():
        return
    try:
        command.run(["docker", "network", "rm", _NETWORK], what="docker network rm")
    except CommandError as error:
        if "active endpoints" in error.tail:
            return
        if "not found" not in error.tail and "No such network" not in error.tail:
            raise
    _network_note(settings).unlink()
