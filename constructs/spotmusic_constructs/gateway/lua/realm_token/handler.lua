-- Lets a request pass that brings an access token of the realm: signed by one of its keys, by this issuer, for this audience and in
-- time. Whatever is not plainly good is refused. Its service learns from two headers who the listener is; the plugin viewer-address
-- has cleared what the viewer wrote in them.
local keys = require "kong.plugins.realm-token.keys"
local token = require "kong.plugins.realm-token.token"

local RealmToken = {
  -- After correlation ids (100001) and viewer-address (2000), before rate limits (910), which count by the subject that is set here.
  PRIORITY = 1450,
  VERSION = "1.1.0",
}

local function refuse(challenge, message)
  return kong.response.exit(401, { message = message }, { ["WWW-Authenticate"] = challenge })
end

local function refuse_token(problem)
  return refuse('Bearer realm="spotmusic", error="invalid_token", error_description="' .. problem .. '"', "Invalid token: " .. problem)
end

-- Returns the one token of the Authorization header.
local function bearer()
  local header = kong.request.get_headers()["authorization"]
  if type(header) ~= "string" then
    return nil
  end
  local scheme, text = header:match("^(%a+) +(%S+)$")
  return scheme and scheme:lower() == "bearer" and text or nil
end

function RealmToken:access(conf)
  local text = bearer()
  if not text then
    return refuse('Bearer realm="spotmusic"', "A token is needed")
  end
  local parsed = token.parse(text)
  if not parsed then
    return refuse_token("it is no signed token")
  end
  local problem = token.header_problem(parsed.header, conf) or token.claims_problem(parsed.claims, conf, ngx.now())
  if problem then
    return refuse_token(problem)
  end
  local key, any = keys.find(conf, parsed.header.kid)
  if not key and not any then
    return kong.response.exit(503, { message = "Tokens cannot be verified at the moment" }, { ["Retry-After"] = "5" })
  end
  if not key then
    return refuse_token("its key is unknown")
  end
  if not keys.signed(key, parsed.header.alg, parsed.signature, parsed.signed) then
    return refuse_token("its signature is wrong")
  end
  kong.client.authenticate(nil, { id = parsed.claims.sub })
  kong.service.request.set_header("X-Listener", parsed.claims.sub)
  local roles = token.roles(parsed.claims)
  if roles ~= "" then
    kong.service.request.set_header("X-Listener-Roles", roles)
  end
end

return RealmToken
