"""API server of one emulator and its TLS proxy."""

import base64
import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from tools.local_aws.kubernetes import stand_ins
from tools.local_aws.kubernetes.api import KubernetesApi
from tools.local_aws.kubernetes.api_proxy import ApiProxy
from tools.local_aws.kubernetes.charts import Charts
from tools.local_aws.kubernetes.disposable import require_disposable
from tools.local_aws.kubernetes.identity import made
from tools.local_aws.kubernetes.programs import ApiServer
from tools.local_aws.kubernetes.source import Programs, Source, credentials_of, source
from tools.local_aws.kubernetes.stand_ins import StandIns


class Connection:
    """API server with the charts and definitions that releases need.

    Args:
        origin: programs to start, or a kubeconfig.
        folder: folder of its files, below the emulator's state folder.
        is_own_key: returns True for access keys of the emulator and its STS.
        charts: available charts.
        definitions: stubs of definitions from unavailable charts.
    """

    def __init__(self, *, origin: Source, folder: Path, is_own_key: Callable[[str], bool], charts: Charts, definitions: StandIns) -> None:
        self.origin, self.charts, self.definitions = origin, charts, definitions
        self._folder = folder
        self._proxy = ApiProxy(is_own_key=is_own_key)
        self._certificate = ""
        self._connected: Future[KubernetesApi] = Future()

    @classmethod
    def of(cls, environment: Mapping[str, str], *, folder: Path, is_own_key: Callable[[str], bool]) -> "Connection | None":
        """Returns the connection that the emulator's environment configures; None without one.

        Args:
            environment: the emulator's environment.
            folder: folder for its files.
            is_own_key: returns True for access keys of the emulator.
        """
        found = source(environment)
        if found is None:
            return None
        charts, definitions = Charts.of(environment), StandIns.of(environment)
        return cls(origin=found, folder=folder, is_own_key=is_own_key, charts=charts, definitions=definitions)

    @property
    def endpoint(self) -> str:
        """URL that `DescribeCluster` returns."""
        return self._proxy.endpoint

    @property
    def has_own_server(self) -> bool:
        """True if this emulator started the server, which then has neither nodes nor controllers."""
        return isinstance(self.origin, Programs)

    def begin(self) -> None:
        """Starts or finds the server and starts the proxy, in the background."""
        self._connected = ThreadPoolExecutor(max_workers=1, thread_name_prefix="kubernetes").submit(self._connect)

    def api(self) -> KubernetesApi:
        """Returns the API server when it is ready.

        Raises:
            ApiServerError: if it did not start.
            NotDisposableError: if it could be a real cluster.
        """
        return self._connected.result()

    def authority(self) -> str:
        """Certificate authority that `DescribeCluster` returns."""
        self.api()
        return base64.b64encode(self._certificate.encode()).decode()

    def _connect(self) -> KubernetesApi:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if isinstance(self.origin, Programs):
            server = ApiServer(programs=self.origin, folder=self._folder)
            api = KubernetesApi(credentials=server.start(), folder=self._folder)
            identity = server.identity
        else:
            api = KubernetesApi(credentials=credentials_of(self.origin), folder=self._folder)
            require_disposable(api)
            identity = made(self._folder)
        self.definitions.define(api, stand_ins.BY_EKS)
        self._proxy.open(api, identity)
        self._certificate = identity.certificate.read_text()
        return api


def files_of(state: str | os.PathLike[str]) -> Path:
    """Returns the folder of the API server's files.

    Args:
        state: the emulator's state folder.
    """
    return Path(state) / "tmp" / "kubernetes"
