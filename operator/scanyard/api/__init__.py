"""The custom resources ScanJob and ScanQueue: models, names, target grammar, CRD generation."""
