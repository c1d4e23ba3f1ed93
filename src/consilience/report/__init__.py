"""Words and pictures: sentences, charts, tables and the dossier."""
