local typedefs = require "kong.db.schema.typedefs"

local function texts(one_of)
  local elements = { type = "string", one_of = one_of }
  return { type = "array", required = true, len_min = 1, elements = elements }
end

return {
  name = "realm-token",
  fields = {
    { consumer = typedefs.no_consumer },
    { protocols = typedefs.protocols_http },
    {
      config = {
        type = "record",
        fields = {
          { issuer = typedefs.url({ required = true }) },
          { jwks_uri = typedefs.url({ required = true }) },
          { audience = { type = "string", required = true } },
          { clients = texts() },
          { algorithms = texts({ "RS256", "ES256" }) },
          { longest_seconds = { type = "integer", required = true, between = { 60, 86400 } } },
          { refresh_seconds = { type = "integer", required = true, between = { 10, 3600 } } },
        },
      },
    },
  },
}
