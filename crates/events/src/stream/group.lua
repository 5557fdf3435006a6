-- Makes the group anew. A blocked reader does not notice: the group is there again before anybody is answered.
-- KEYS[1] the stream; ARGV: group, id, the relay's consumer.
redis.pcall('XGROUP', 'DESTROY', KEYS[1], ARGV[1])
redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], ARGV[2], 'MKSTREAM')
redis.call('XGROUP', 'CREATECONSUMER', KEYS[1], ARGV[1], ARGV[3])
return 'OK'
