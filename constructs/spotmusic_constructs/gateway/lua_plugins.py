"""The plugins of Kong that are ours: how their Lua reaches the pods of an image that knows nothing of them."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from spotmusic_constructs.gateway.plugins import REALM_TOKEN, VIEWER_ADDRESS
from spotmusic_constructs.kubernetes.config_map import config_map

SOURCES = Path(__file__).with_name("lua")
SHARED_MEMORY = "realm_keys 1m"
"""Memory that the workers of a pod share for the keys of the realm (`lua_shared_dict`); `realm_token/keys.lua` uses it by this name."""


@dataclass(frozen=True, kw_only=True)
class LuaPlugin:
    """One plugin and the ConfigMap that brings it.

    Args:
        name: name of the plugin; its files are in the folder of that name, with underscores.
    """

    name: str

    @property
    def files(self) -> dict[str, str]:
        """The Lua of the plugin by file name."""
        folder = SOURCES / self.name.replace("-", "_")
        return {file.name: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.lua"))}

    @property
    def config_map_name(self) -> str:
        """Name of the ConfigMap. It says what is in it: pods read Lua when they start, and only a new name starts them anew."""
        digest = hashlib.sha256(repr(self.files).encode()).hexdigest()
        return f"kong-plugin-{self.name}-{digest[:8]}"


LUA_PLUGINS = (LuaPlugin(name=REALM_TOKEN), LuaPlugin(name=VIEWER_ADDRESS))


def lua_plugin_values(namespace: str) -> dict[str, object]:
    """Returns the values of the chart that ship our plugins: the ConfigMaps, and where Kong finds each."""
    return {
        # The chart puts them beside the bundled plugins.
        "plugins": {"configMaps": [{"pluginName": plugin.name, "name": plugin.config_map_name} for plugin in LUA_PLUGINS]},
        "extraObjects": [config_map(plugin.config_map_name, namespace, plugin.files) for plugin in LUA_PLUGINS],
    }
