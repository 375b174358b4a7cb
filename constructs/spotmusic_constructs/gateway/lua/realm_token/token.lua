-- Parses an access token and checks its claims. keys.lua checks its signature.
local base64 = require "ngx.base64"
local cjson = require "cjson.safe"

local LONGEST_TOKEN = 8192
local LEEWAY_SECONDS = 5
local LONGEST_SUBJECT = 255

local _M = {}

local function decoded(part)
  local text = base64.decode_base64url(part)
  local value = text and cjson.decode(text)
  return type(value) == "table" and value or nil
end

local function is_text(value)
  return type(value) == "string" and value ~= ""
end

local function contains(list, value)
  for _, item in ipairs(list) do
    if item == value then
      return true
    end
  end
  return false
end

-- Returns header, claims, signature and signed text, or nil for a text that is no signed JWT.
function _M.parse(text)
  if #text > LONGEST_TOKEN then
    return nil
  end
  local head, body, tail = text:match("^([%w_-]+)%.([%w_-]+)%.([%w_-]+)$")
  if not head then
    return nil
  end
  local header, claims, signature = decoded(head), decoded(body), base64.decode_base64url(tail)
  if not (header and claims and signature) then
    return nil
  end
  return { header = header, claims = claims, signature = signature, signed = head .. "." .. body }
end

-- Returns the problem of the header, or nil. `crit` lists extensions that a recipient must know
-- (RFC 7515, 4.1.11).
function _M.header_problem(header, conf)
  if not contains(conf.algorithms, header.alg) then
    return "its algorithm is not accepted"
  end
  if not is_text(header.kid) or #header.kid > 128 then
    return "it names no key"
  end
  if header.crit ~= nil then
    return "it needs an extension"
  end
  return nil
end

local function is_for(claims, audience)
  if type(claims.aud) == "table" then
    return contains(claims.aud, audience)
  end
  return claims.aud == audience
end

-- Returns the problem of the claims, or nil.
function _M.claims_problem(claims, conf, now)
  if claims.iss ~= conf.issuer then
    return "its issuer is another"
  end
  -- The API accepts no ID or refresh tokens, which Keycloak marks in `typ`.
  if claims.typ ~= "Bearer" then
    return "it is no access token"
  end
  if not is_for(claims, conf.audience) then
    return "its audience is another"
  end
  if not contains(conf.clients, claims.azp) then
    return "its client is not admitted"
  end
  if type(claims.exp) ~= "number" or claims.exp <= now - LEEWAY_SECONDS then
    return "it has expired"
  end
  if claims.exp > now + conf.longest_seconds + LEEWAY_SECONDS then
    return "it lives too long"
  end
  for _, name in ipairs({ "nbf", "iat" }) do
    local start = claims[name]
    if start ~= nil and (type(start) ~= "number" or start > now + LEEWAY_SECONDS) then
      return "it is not valid yet"
    end
  end
  if not is_text(claims.sub) then
    return "it has no subject"
  end
  -- The subject becomes the value of a header.
  if #claims.sub > LONGEST_SUBJECT or not claims.sub:match("^[!-~]+$") then
    return "its subject is not usable"
  end
  return nil
end

-- Returns the roles of the realm in alphabetical order with commas; an empty text without roles.
-- Names with a comma, or with characters that a header cannot have, are omitted.
function _M.roles(claims)
  local access, found = claims.realm_access, {}
  local roles = type(access) == "table" and access.roles
  for _, role in ipairs(type(roles) == "table" and roles or {}) do
    if is_text(role) and role:match("^[%w._-]+$") then
      found[#found + 1] = role
    end
  end
  table.sort(found)
  return table.concat(found, ",")
end

return _M
