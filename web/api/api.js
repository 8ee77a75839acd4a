"use strict";
SwaggerUIBundle({
  url: "/schema/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  // Its own check of documents is on another host.
  validatorUrl: null,
});
