-- The parts of Kong that our plugins use, in Debian's nginx: its plugin development kit,
-- lua-resty-http and lua-resty-openssl. The libcrypto of nginx verifies signatures.
local cjson = require "cjson.safe"
local balancer = require "ngx.balancer"
local ffi = require "ffi"

ffi.cdef [[
  typedef struct evp_md_st EVP_MD;
  typedef struct evp_md_ctx_st EVP_MD_CTX;
  typedef struct evp_pkey_st EVP_PKEY;
  EVP_PKEY *d2i_PUBKEY(EVP_PKEY **a, const unsigned char **pp, long length);
  const EVP_MD *EVP_get_digestbyname(const char *name);
  EVP_MD_CTX *EVP_MD_CTX_new(void);
  void EVP_MD_CTX_free(EVP_MD_CTX *ctx);
  int EVP_DigestVerifyInit(EVP_MD_CTX *ctx, void **pctx, const EVP_MD *type, void *e,
    EVP_PKEY *pkey);
  int EVP_DigestVerify(EVP_MD_CTX *ctx, const unsigned char *sig, size_t siglen,
    const unsigned char *tbs, size_t tbslen);
]]

local RSA = "\48\13\6\9\42\134\72\134\247\13\1\1\1\5\0"

-- Returns a value in DER, of at most 65535 bytes.
local function der(tag, content)
  local length = #content
  local head = length < 128 and string.char(length)
    or string.char(130, math.floor(length / 256), length % 256)
  return string.char(tag) .. head .. content
end

local function integer(text)
  local bytes = require("ngx.base64").decode_base64url(text)
  return der(2, bytes:byte() > 127 and "\0" .. bytes or bytes)
end

local pkey = {}
pkey.__index = pkey

function pkey.new(text, options)
  assert(options.format == "JWK")
  local jwk = cjson.decode(text)
  if jwk.kty ~= "RSA" then
    return nil, "only RSA here"
  end
  local data = der(48, RSA .. der(3, "\0" .. der(48, integer(jwk.n) .. integer(jwk.e))))
  local start = ffi.new("const unsigned char *[1]", { ffi.cast("const unsigned char *", data) })
  local key = ffi.C.d2i_PUBKEY(nil, start, #data)
  return key ~= nil and setmetatable({ key = key }, pkey) or nil
end

function pkey:verify(signature, text, digest)
  local context = ffi.C.EVP_MD_CTX_new()
  local method = ffi.C.EVP_get_digestbyname(digest)
  local good = ffi.C.EVP_DigestVerifyInit(context, nil, method, nil, self.key) == 1
    and ffi.C.EVP_DigestVerify(context, signature, #signature, text, #text) == 1
  ffi.C.EVP_MD_CTX_free(context)
  return good
end

local http = {}
http.__index = http

function http.new()
  return setmetatable({}, http)
end

function http:set_timeouts(...)
  self.timeouts = { ... }
end

function http:request_uri(uri, options)
  local host, port, path = uri:match("^https://([^:/]+):(%d+)(/.*)$")
  local socket = ngx.socket.tcp()
  socket:settimeouts(unpack(self.timeouts))
  local done, problem = socket:connect("127.0.0.1", tonumber(port))
  if done then
    done, problem = socket:sslhandshake(false, host, options.ssl_verify)
  end
  if done then
    done, problem = socket:send(("GET %s HTTP/1.0\r\nHost: %s:%s\r\n\r\n"):format(path, host, port))
  end
  local answer
  if done then
    answer, problem = socket:receive("*a")
  end
  socket:close()
  if not answer then
    return nil, problem
  end
  local status, body = answer:match("^HTTP/%S+ (%d+).-\r\n\r\n(.*)$")
  return { status = tonumber(status), body = body }
end

package.loaded["resty.http"], package.loaded["resty.openssl.pkey"] = http, pkey

kong = {
  log = { warn = function(...) ngx.log(ngx.WARN, ...) end },
  request = { get_headers = function() return ngx.req.get_headers() end },
  response = {
    exit = function(status, body, headers)
      for name, value in pairs(headers or {}) do
        ngx.header[name] = value
      end
      ngx.status = status
      ngx.print(cjson.encode(body))
      return ngx.exit(status)
    end,
  },
  service = { request = { clear_header = ngx.req.clear_header, set_header = ngx.req.set_header } },
  client = {
    -- The rate limit counts by this header.
    authenticate = function(_, credential) ngx.req.set_header("X-Counted-By", credential.id) end,
    get_forwarded_ip = function() return ngx.var.remote_addr end,
  },
}

local _M = {}

-- Bundled with Kong.
package.loaded["kong.plugins.correlation-id.handler"] = {
  PRIORITY = 100001,
  access = function(_, conf)
    if not ngx.req.get_headers(0)[conf.header_name] then
      ngx.req.set_header(conf.header_name, "made-here")
    end
  end,
}

-- Reads the settings of services and plugins, and the realm's keys if they are not requested.
function _M.init(path)
  local file = assert(io.open(path))
  local settings = assert(cjson.decode(file:read("*a")))
  file:close()
  table.insert(package.loaders, 2, function(name)
    local plugin, part = name:match("^kong%.plugins%.([%w-]+)%.(%w+)$")
    if not plugin then
      return nil
    end
    local folder = plugin:gsub("-", "_")
    return assert(loadfile(("%s/%s/%s.lua"):format(settings.sources, folder, part)))
  end)
  if settings.keys then
    http.request_uri = function() return { status = 200, body = settings.keys } end
  end
  for _, service in pairs(settings.services) do
    service.called = {}
    for name, conf in pairs(service.plugins) do
      local handler = require("kong.plugins." .. name .. ".handler")
      table.insert(service.called, { handler = handler, conf = conf })
    end
    table.sort(service.called, function(one, other)
      return one.handler.PRIORITY > other.handler.PRIORITY
    end)
  end
  _M.services = settings.services
end

-- Calls the plugins of a service by priority.
function _M.access(name)
  -- As Kong: the whole address with its query, before plugins run.
  ngx.var.upstream_uri = ngx.var.request_uri
  ngx.ctx.service = _M.services[name]
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
  balancer.set_timeouts(
    service.connect_timeout / 1000, service.write_timeout / 1000, service.read_timeout / 1000
  )
  assert(balancer.set_current_peer("127.0.0.1", service.port))
end

return _M
