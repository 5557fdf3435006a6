-- Compare-and-append: add entries only onto the tail that the caller believes in, and only in the stream's present epoch.
-- KEYS[1] the stream, KEYS[2] its companion; ARGV[1] the stream's expected last-generated-id, ARGV[2] the epoch; then for each
-- entry: id, ce, t, ten, k, q.
-- Answers 1 when appended and 0 when the tail or the epoch is another one; nothing is added then.
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
if last ~= ARGV[1] or redis.call('HGET', KEYS[2], 'epoch') ~= ARGV[2] then
  return 0
end
for i = 3, #ARGV, 6 do
  redis.call('XADD', KEYS[1], ARGV[i], 'ce', ARGV[i + 1], 't', ARGV[i + 2], 'ten', ARGV[i + 3], 'k', ARGV[i + 4], 'q', ARGV[i + 5], 'e', ARGV[2])
end
return 1
