-- The first acknowledgement counts; a second one changes nothing.
SELECT acknowledge_alert(%(id)s, %(officer)s)
