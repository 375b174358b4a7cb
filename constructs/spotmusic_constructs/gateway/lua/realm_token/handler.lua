-- Accepts requests with a valid access token of the realm: signature, issuer, audience and time.
-- All others are refused. Two headers identify the listener to the service; the plugin
-- viewer-address has cleared the viewer's own.
local keys = require "kong.plugins.realm-token.keys"
local token = require "kong.plugins.realm-token.token"

local RealmToken = {
  -- After correlation ids (100001) and viewer-address (2000), before rate limits (910), which count
  -- by the subject of the token.
  PRIORITY = 1450,
  VERSION = "1.1.0",
}

local function refuse(challenge, message)
  return kong.response.exit(401, { message = message }, { ["WWW-Authenticate"] = challenge })
end

local function refuse_token(problem)
  local challenge = 'Bearer realm="spotmusic", error="invalid_token", error_description="%s"'
  return refuse(challenge:format(problem), "Invalid token: " .. problem)
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
  local problem = token.header_problem(parsed.header, conf)
    or token.claims_problem(parsed.claims, conf, ngx.now())
  if problem then
    return refuse_token(problem)
  end
  local key, any = keys.find(conf, parsed.header.kid)
  if not key and not any then
    local answer = { message = "Tokens cannot be verified at the moment" }
    return kong.response.exit(503, answer, { ["Retry-After"] = "5" })
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
