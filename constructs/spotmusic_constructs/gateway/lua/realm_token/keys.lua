-- Public keys of a realm from its JWKS endpoint, shared by all workers of a pod. They are kept
-- while the endpoint is not available.
local cjson = require "cjson.safe"
local http = require "resty.http"
local pkey = require "resty.openssl.pkey"

local TIMEOUT_MS = 2000
local LARGEST_ANSWER = 65536
-- Shortest time between two requests for the keys, also when many tokens have an unknown key.
local ASK_EVERY_SECONDS = 1
local RENEW_EVERY_SECONDS = 5
local FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.02, 2.5
local TYPES = { RS256 = "RSA", ES256 = "EC" }

local _M = {}

-- Each worker's own parsed copy, by address, with the text it was parsed from.
local parsed = {}

local function shared()
  return ngx.shared.realm_keys
end

-- Returns the usable keys of an answer by id, or nil without any: an answer without keys is an
-- error.
local function parse(text)
  local document = cjson.decode(text)
  local list = type(document) == "table" and document.keys
  if type(list) ~= "table" then
    return nil
  end
  local found
  for _, jwk in ipairs(list) do
    -- Keys for encryption are in the same list.
    local named = type(jwk) == "table" and type(jwk.kid) == "string"
    if named and jwk.use == "sig" and jwk.kty and TYPES[jwk.alg] == jwk.kty then
      local key = pkey.new(cjson.encode(jwk), { format = "JWK" })
      if key then
        found = found or {}
        found[jwk.kid] = { alg = jwk.alg, key = key }
      end
    end
  end
  return found
end

-- Returns the stored keys by id.
local function known(uri)
  local text = shared():get(uri)
  if not text then
    return nil
  end
  local mine = parsed[uri]
  if not mine or mine.text ~= text then
    mine = { text = text, keys = parse(text) }
    parsed[uri] = mine
  end
  return mine.keys
end

-- Requests the keys and stores a usable answer.
local function ask(uri)
  local client = http.new()
  client:set_timeouts(TIMEOUT_MS, TIMEOUT_MS, TIMEOUT_MS)
  local accept = { Accept = "application/json" }
  local answer, problem =
    client:request_uri(uri, { method = "GET", ssl_verify = true, headers = accept })
  if not answer then
    return problem or "no answer"
  end
  if answer.status ~= 200 then
    return "status " .. tostring(answer.status)
  end
  if #answer.body > LARGEST_ANSWER or not parse(answer.body) then
    return "no usable key in the answer"
  end
  local kept
  kept, problem = shared():safe_set(uri, answer.body)
  if not kept then
    return problem
  end
  shared():set(uri .. "#asked", ngx.now())
  return nil
end

-- Requests the keys, at most once a second. Requests of other workers wait for that answer.
local function refresh(uri)
  local asking = uri .. "#asking"
  if not shared():get(asking) and shared():add(uri .. "#pause", true, ASK_EVERY_SECONDS) then
    shared():set(asking, true, 3 * TIMEOUT_MS / 1000)
    local done, problem = pcall(ask, uri)
    shared():delete(asking)
    if not done or problem then
      kong.log.warn("the keys of the realm could not be read, those known stay good: ", problem)
    end
    return
  end
  local wait, waited = FIRST_WAIT_SECONDS, 0
  while shared():get(asking) and waited < LONGEST_WAIT_SECONDS do
    ngx.sleep(wait)
    waited = waited + wait
    wait = math.min(wait * 2, 0.5)
  end
end

local function refresh_later(uri)
  -- One timer at a time: while the realm is not available, the keys are old for every request.
  if not shared():add(uri .. "#renewal", true, RENEW_EVERY_SECONDS) then
    return
  end
  local ok, problem = ngx.timer.at(0, function(premature)
    if not premature then
      refresh(uri)
    end
  end)
  if not ok then
    kong.log.warn("the keys of the realm are not renewed: ", problem)
  end
end

-- Returns the key with this id. Without it, returns nil and whether any key is stored.
function _M.find(conf, kid)
  local uri = conf.jwks_uri
  local keys = known(uri)
  local key = keys and keys[kid]
  if key then
    local asked = shared():get(uri .. "#asked")
    -- Renews the keys regularly, so that keys removed from the realm do not stay.
    if not asked or ngx.now() - asked > conf.refresh_seconds then
      refresh_later(uri)
    end
    return key
  end
  refresh(uri)
  keys = known(uri)
  return keys and keys[kid], keys ~= nil
end

-- Returns whether the key signed the text with its own algorithm.
function _M.signed(key, alg, signature, text)
  if key.alg ~= alg then
    return false
  end
  local options = alg == "ES256" and { ecdsa_use_raw = true } or nil
  local done, good = pcall(key.key.verify, key.key, signature, text, "sha256", nil, options)
  return done and good == true
end

return _M
