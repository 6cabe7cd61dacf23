"use strict";

// Swagger UI takes every media type with "json" in its name for one JSON value, and would quote the lines.
const linesAsTheyAre = () => ({
  afterLoad({ fn }) {
    const samples = fn.jsonSchema202012;
    const { getJsonSampleSchema } = samples;
    samples.getJsonSampleSchema = (schema, config, media, example) =>
      media === "application/x-ndjson" && typeof example === "string"
        ? example
        : getJsonSampleSchema(schema, config, media, example);
  },
});

SwaggerUIBundle({
  dom_id: "#reference",
  url: "openapi.json",
  validatorUrl: null,
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  plugins: [linesAsTheyAre],
});
