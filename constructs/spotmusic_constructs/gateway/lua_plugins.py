"""Custom Kong plugins, mounted into the upstream image as ConfigMaps."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from spotmusic_constructs.gateway.plugins import REALM_TOKEN, VIEWER_ADDRESS
from spotmusic_constructs.kubernetes.config_map import config_map

SOURCES = Path(__file__).with_name("lua")
SHARED_MEMORY = "realm_keys 1m"
"""Shared memory of a pod's workers for the keys of the realm (`lua_shared_dict`).
`realm_token/keys.lua` uses this name."""


@dataclass(frozen=True, kw_only=True)
class LuaPlugin:
    """Custom plugin and its ConfigMap.

    Args:
        name: name of the plugin; its folder has the same name with underscores.
    """

    name: str

    @property
    def files(self) -> dict[str, str]:
        """Lua sources of the plugin by file name."""
        folder = SOURCES / self.name.replace("-", "_")
        return {
            file.name: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.lua"))
        }

    @property
    def config_map_name(self) -> str:
        """Name of the ConfigMap, with a digest of its content: a new name restarts the pods."""
        digest = hashlib.sha256(repr(self.files).encode()).hexdigest()
        return f"kong-plugin-{self.name}-{digest[:8]}"


LUA_PLUGINS = (LuaPlugin(name=REALM_TOKEN), LuaPlugin(name=VIEWER_ADDRESS))


def lua_plugin_values(namespace: str) -> dict[str, object]:
    """Return the chart values of the custom plugins: ConfigMaps and mounts."""
    return {
        # The chart adds them to the bundled plugins.
        "plugins": {
            "configMaps": [
                {"pluginName": plugin.name, "name": plugin.config_map_name}
                for plugin in LUA_PLUGINS
            ]
        },
        "extraObjects": [
            config_map(plugin.config_map_name, namespace, plugin.files) for plugin in LUA_PLUGINS
        ],
    }
