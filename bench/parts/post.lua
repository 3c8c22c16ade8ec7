-- Used by wrk: every request is a POST with the JSON of the first argument.
function init(args)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.body = args[1]
end
