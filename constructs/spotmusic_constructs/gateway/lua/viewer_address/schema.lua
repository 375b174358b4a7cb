local typedefs = require "kong.db.schema.typedefs"

return {
  name = "viewer-address",
  fields = {
    { consumer = typedefs.no_consumer },
    { protocols = typedefs.protocols_http },
    {
      config = {
        type = "record",
        fields = {
          { scheme = { type = "string", required = true, one_of = { "http", "https" } } },
          { port = { type = "integer", required = true, between = { 1, 65535 } } },
        },
      },
    },
  },
}
