-- X-Forwarded-For begins with whatever a viewer wrote, and who reads it upstream takes that for the viewer's address: Keycloak would
-- lock and record the wrong one. Upstreams get the address that the edge saw, alone.
local ViewerAddress = {
  PRIORITY = 2000,
  VERSION = "1.0.0",
}

function ViewerAddress:access(conf)
  ngx.var.upstream_x_forwarded_for = kong.client.get_forwarded_ip()
  -- The load balancer tells how the edge called it. Viewers called the edge by the scheme of the public address.
  ngx.var.upstream_x_forwarded_proto = conf.scheme
  ngx.var.upstream_x_forwarded_port = conf.port
end

return ViewerAddress
