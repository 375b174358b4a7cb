-- What Kong does around plugins, in nginx' own Lua: it calls them by priority, and chooses the upstream that nginx then asks. Their
-- surroundings are those of gateway.lua; the realm's keys come from a file.
local cjson = require "cjson"
local balancer = require "ngx.balancer"
require "gateway"

local _M = {}

local function content(name)
  local file = assert(io.open(name, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

-- Bundled with Kong; what is seen of it here.
local correlation = {
  PRIORITY = 100001,
  access = function(_, conf)
    if not ngx.req.get_headers(0)[conf.header_name] then
      ngx.req.set_header(conf.header_name, "made-here")
    end
  end,
}

-- Reads what each service and its plugins are told.
function _M.init(folder)
  _M.told = cjson.decode(content(folder .. "/told.json"))
  package.loaded["resty.http"].request_uri = function() return { status = 200, body = content(folder .. "/jwks.json") } end
  package.loaded["kong.plugins.correlation-id.handler"] = correlation
  require("gateway").init(folder .. "/told.json")
  for _, service in pairs(_M.told.services) do
    service.called = {}
    for name, conf in pairs(service.plugins) do
      service.called[#service.called + 1] = { handler = require("kong.plugins." .. name .. ".handler"), conf = conf }
    end
    table.sort(service.called, function(one, other) return one.handler.PRIORITY > other.handler.PRIORITY end)
  end
end

function _M.access(name)
  -- As Kong: the whole address with its query, before plugins run.
  ngx.var.upstream_uri = ngx.var.request_uri
  ngx.ctx.service = _M.told.services[name]
  for _, plugin in ipairs(ngx.ctx.service.called) do
    plugin.handler:access(plugin.conf)
  end
end

-- As Kong's balancer, which asks for as many more tries as a service has retries.
function _M.balance()
  local service = ngx.ctx.service
  if service.retries > 0 and not ngx.ctx.tried then
    assert(balancer.set_more_tries(service.retries))
  end
  ngx.ctx.tried = true
  balancer.set_timeouts(service.connect_timeout / 1000, service.write_timeout / 1000, service.read_timeout / 1000)
  assert(balancer.set_current_peer("127.0.0.1", _M.told.port))
end

return _M
