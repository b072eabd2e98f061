SELECT catalogue_mark()
