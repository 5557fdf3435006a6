-- Everything that the relay decides by, as it is at one moment. Changes nothing.
-- KEYS[1] the stream, KEYS[2] its companion; ARGV[1] the app's group.
local stream = redis.pcall('XINFO', 'STREAM', KEYS[1])
if stream.err then
  if not string.find(stream.err, 'no such key', 1, true) then
    return stream
  end
  stream = {}
end
local function ask(...)
  local answer = redis.pcall(...)
  if answer.err then
    return {}
  end
  return answer
end
local groups, pending, consumers = {}, {}, {}
if #stream > 0 then
  groups = redis.call('XINFO', 'GROUPS', KEYS[1])
  pending = ask('XPENDING', KEYS[1], ARGV[1])
  consumers = ask('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])
end
local info = redis.call('INFO', 'server') .. redis.call('INFO', 'commandstats')
return {redis.call('HGETALL', KEYS[2]), stream, groups, pending, consumers, info}
