SELECT __text, __value
  FROM (VALUES (1, 'Nghiêm trọng', 'critical'), (2, 'Cao', 'high'), (3, 'Chú ý', 'warning'), (4, 'Thông tin', 'info'))
       AS severities (n, __text, __value)
 ORDER BY n
