-- Compare-and-append: add entries only onto the tail that the caller believes in.
-- KEYS[1] the stream; ARGV[1] its expected last-generated-id; then for each entry: id, ce, t, ten, k, q, e.
-- Answers {1, last id} when appended and {0, actual last id} when the tail is another one; nothing is added then.
local last = '0-0'
local info = redis.pcall('XINFO', 'STREAM', KEYS[1])
if info.err then
  if not string.find(info.err, 'no such key', 1, true) then
    return info
  end
else
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then
      last = info[i + 1]
    end
  end
end
if last ~= ARGV[1] then
  return {0, last}
end
for i = 2, #ARGV, 7 do
  last = redis.call('XADD', KEYS[1], ARGV[i], 'ce', ARGV[i + 1], 't', ARGV[i + 2], 'ten', ARGV[i + 3], 'k', ARGV[i + 4], 'q', ARGV[i + 5], 'e', ARGV[i + 6])
end
return {1, last}
