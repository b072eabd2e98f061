SELECT __text, __value
  FROM (VALUES (1, 'Rất cao', 'critical'), (2, 'Cao', 'high'), (3, 'Cảnh báo', 'warning'), (4, 'Thông tin', 'info'))
       AS severities (n, __text, __value)
 ORDER BY n
