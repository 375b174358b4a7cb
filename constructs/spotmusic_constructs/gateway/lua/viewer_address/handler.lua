-- Sends upstreams only the viewer's address that the edge recorded. X-Forwarded-For begins with the
-- viewer's own text, which Keycloak would lock and record as the address.
-- Clears headers that identify a listener on every route, before the plugin realm-token sets its
-- own: services trust them, so no viewer may set them.
local ViewerAddress = {
  PRIORITY = 2000,
  VERSION = "1.1.0",
}

-- Prefixes of header names of Kong's plugins, common proxies and frameworks, in lower case with
-- hyphens: a WSGI or CGI server reads X_Listener and X-Listener as one header.
local CLEARED = {
  "x-listener", "x-consumer-", "x-credential-", "x-authenticated-", "x-anonymous-", "x-user",
  "x-auth-", "x-forwarded-user", "x-forwarded-email", "x-forwarded-groups",
  "x-forwarded-preferred-username", "x-forwarded-access-token", "x-remote-user", "remote-user",
  "x-amzn-oidc-", "x-jwt-", "x-id-token", "x-access-token", "x-forwarded-server", "x-original-",
  "x-rewrite-", "x-http-method", "x-method-override",
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
  -- 0: all headers. The default returns the first hundred, and the others would pass.
  for name in pairs(ngx.req.get_headers(0)) do
    if is_forgeable(name) then
      kong.service.request.clear_header(name)
    end
  end
  ngx.var.upstream_x_forwarded_for = kong.client.get_forwarded_ip()
  -- The load balancer sends the scheme of the edge's request; viewers use that of the public
  -- address.
  ngx.var.upstream_x_forwarded_proto = conf.scheme
  ngx.var.upstream_x_forwarded_port = conf.port
  -- Kong would pass on the viewer's values. No route strips a prefix. The access log has the path.
  ngx.var.upstream_x_forwarded_path = ngx.var.request_uri:match("^[^?]*")
  ngx.var.upstream_x_forwarded_prefix = ""
end

return ViewerAddress
