// dotnet add package Logister.AspNetCore
// appsettings.json: { "Logister": { "ApiKey": "a token of `logserver token create`", "BaseUrl": "http://localhost:8080" } }
// or the environment: LOGISTER_API_KEY and LOGISTER_BASE_URL. A path in BaseUrl is not kept: the server needs a host or
// a port of its own.
using Logister;
using Logister.AspNetCore;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddLogister(builder.Configuration);

var app = builder.Build();
app.UseLogisterExceptionReporting();
app.MapGet("/", () => "hello");
app.Run();
