-- X-Forwarded-For begins with whatever a viewer wrote, and who reads it upstream takes that for the viewer's address: Keycloak would
-- lock and record the wrong one. Upstreams get the address that the edge saw, alone.
-- Headers in which gateways tell who a listener is are cleared on every route, before the plugin realm-token sets its own: services
-- trust them, so no viewer may write them.
local ViewerAddress = {
  PRIORITY = 2000,
  VERSION = "1.1.0",
}

-- Beginnings of names, as Kong's plugins, common proxies and frameworks use them. Compared in small letters with hyphens: a WSGI or CGI
-- server reads X_Listener and X-Listener as one header.
local CLEARED = {
  "x-listener", "x-consumer-", "x-credential-", "x-authenticated-", "x-anonymous-", "x-user", "x-auth-", "x-forwarded-user",
  "x-forwarded-email", "x-forwarded-groups", "x-forwarded-preferred-username", "x-forwarded-access-token", "x-remote-user", "remote-user",
  "x-amzn-oidc-", "x-jwt-", "x-id-token", "x-access-token", "x-forwarded-server", "x-original-", "x-rewrite-", "x-http-method",
  "x-method-override",
}

local function is_forgeable(name)
  local plain = name:lower():gsub("_", "-")
  for _, beginning in ipairs(CLEARED) do
    if plain:sub(1, #beginning) == beginning then
      return true
    end
  end
  return false
end

function ViewerAddress:access(conf)
  -- 0: all of them. By default the names after the hundredth would not be seen, and would pass.
  for name in pairs(ngx.req.get_headers(0)) do
    if is_forgeable(name) then
      kong.service.request.clear_header(name)
    end
  end
  ngx.var.upstream_x_forwarded_for = kong.client.get_forwarded_ip()
  -- The load balancer tells how the edge called it. Viewers called the edge by the scheme of the public address.
  ngx.var.upstream_x_forwarded_proto = conf.scheme
  ngx.var.upstream_x_forwarded_port = conf.port
  -- Kong would hand on what the viewer wrote in them. No route strips a prefix. The access log reads the path too.
  ngx.var.upstream_x_forwarded_path = ngx.var.request_uri:match("^[^?]*")
  ngx.var.upstream_x_forwarded_prefix = ""
end

return ViewerAddress
