-- Puts it back into its queue.
if obj.spec.suspend == true then
  obj.spec.suspend = false
end
return obj
