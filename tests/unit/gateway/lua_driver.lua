-- Runs our plugins of Kong against requests that a test writes as JSON to standard input, and
-- prints the outcome of each. Kong and OpenResty are stubs; the command openssl verifies
-- signatures.
local cjson = require "cjson"
local case = cjson.decode(io.read("*a"))

local clock, timers, asked = case.now or 0, {}, {}
local current, outcome

local function shared_dict()
  local items = {}
  local function alive(key)
    local item = items[key]
    return item and (not item.ends or item.ends > clock) and item or nil
  end
  local dict = {}
  function dict:get(key)
    local item = alive(key)
    return item and item.value
  end
  function dict:set(key, value, ttl)
    items[key] = { value = value, ends = ttl and clock + ttl }
    return true
  end
  dict.safe_set = dict.set
  function dict:add(key, value, ttl)
    if alive(key) then
      return false, "exists"
    end
    return self:set(key, value, ttl)
  end
  function dict:delete(key)
    items[key] = nil
  end
  return dict
end

ngx = {
  shared = { realm_keys = shared_dict() },
  var = { request_uri = "/v1/playback/x?q=secret" },
  now = function() return clock end,
  sleep = function(seconds) clock = clock + seconds end,
  timer = { at = function(_, callback) timers[#timers + 1] = callback return true end },
}

local function same(name)
  return function(other) return other:lower() == name:lower() end
end

local function clear_header(name)
  local is = same(name)
  for known in pairs(current.headers or {}) do
    if is(known) then
      current.headers[known] = nil
    end
  end
end

-- As OpenResty: a hundred names unless more are asked for, and all of them for 0.
ngx.req = {
  get_headers = function(most)
    local found, count = {}, 0
    for name, value in pairs(current.headers or {}) do
      count = count + 1
      if most == 0 or count <= (most or 100) then
        found[name:lower()] = value
      end
    end
    return found
  end,
}

kong = {
  log = { warn = function(...) outcome.log = table.concat({ ... }) end },
  request = { get_headers = function() return current.headers or {} end },
  response = {
    exit = function(status, body, headers)
      outcome.status, outcome.message, outcome.headers = status, body.message, headers
    end,
  },
  service = {
    request = {
      clear_header = clear_header,
      set_header = function(name, value)
        clear_header(name)
        current.headers = current.headers or {}
        current.headers[name] = value
      end,
    },
  },
  client = {
    authenticate = function(consumer, credential)
      outcome.consumer, outcome.subject = consumer, credential.id
    end,
    get_forwarded_ip = function() return current.address end,
  },
}

package.preload["ngx.base64"] = function()
  local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
  local function decode(text)
    if #text % 4 == 1 then
      return nil, "invalid input"
    end
    local bits, count, out = 0, 0, {}
    for letter in text:gmatch(".") do
      bits, count = bits * 64 + alphabet:find(letter, 1, true) - 1, count + 6
      if count >= 8 then
        count = count - 8
        local power = 2 ^ count
        out[#out + 1] = string.char(math.floor(bits / power))
        bits = bits % power
      end
    end
    return table.concat(out)
  end
  return { decode_base64url = decode }
end

package.preload["resty.http"] = function()
  return {
    new = function()
      return {
        set_timeouts = function() end,
        request_uri = function(_, uri, options)
          asked[#asked + 1] = { uri = uri, verified = options.ssl_verify }
          local answer = current.realm
          if not answer then
            return nil, "connection refused"
          end
          return { status = answer.status or 200, body = answer.body }
        end,
      }
    end,
  }
end

package.preload["resty.openssl.pkey"] = function()
  local key = {}
  key.__index = key
  function key:verify(signature, text, digest, padding, options)
    local function write(content)
      local name = os.tmpname()
      local file = assert(io.open(name, "wb"))
      file:write(content)
      file:close()
      return name
    end
    assert(digest == "sha256" and padding == nil and options == nil)
    local names = { write(signature), write(text) }
    local command = "openssl dgst -sha256 -verify '%s' -signature '%s' '%s' >/dev/null 2>&1"
    local result = os.execute(command:format(self.pem, names[1], names[2]))
    for _, name in ipairs(names) do
      os.remove(name)
    end
    return result == 0 or result == true
  end
  return {
    new = function(text, options)
      assert(options.format == "JWK")
      local pem = case.pems[cjson.decode(text).n]
      return pem and setmetatable({ pem = pem }, key), pem and nil or "bad key"
    end,
  }
end

table.insert(package.loaders or package.searchers, 2, function(name)
  local plugin, file = name:match("^kong%.plugins%.([%w-]+)%.(%w+)$")
  local folder = plugin and plugin:gsub("-", "_")
  return plugin and loadfile(("%s/%s/%s.lua"):format(case.sources, folder, file)) or nil
end)

local handler = require("kong.plugins." .. case.plugin .. ".handler")
local results = {}
for _, request in ipairs(case.requests) do
  current, outcome = request, {}
  clock = clock + (request.after or 0)
  local before = #asked
  handler:access(case.conf)
  outcome.timers = #timers
  for _, callback in ipairs(timers) do
    callback(false)
  end
  timers = {}
  outcome.asked, outcome.upstream, outcome.sent = #asked - before, ngx.var, current.headers or {}
  results[#results + 1] = cjson.encode(outcome)
end
print("[" .. table.concat(results, ",") .. "]")
