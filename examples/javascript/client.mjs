// npm install logister-js. The client reads nothing from the environment by itself: both options are required.
import { LogisterClient } from "logister-js";

export const logister = new LogisterClient({
  apiKey: process.env.LOGISTER_API_KEY, // a token of `logserver token create`
  baseUrl: process.env.LOGISTER_BASE_URL ?? "http://localhost:8080", // without a slash at the end
  environment: "production",
  release: "1.2.3",
});

// With Express:
//   import { createLogisterErrorHandler, createLogisterMiddleware } from "logister-js/express";
//   app.use(createLogisterMiddleware({ client: logister, captureRequestSpans: true })); // before the routes
//   app.use(createLogisterErrorHandler({ client: logister }));                          // after the routes
